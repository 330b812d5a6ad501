/**
 * The file in which bridges leave this computer: their lines, sealed by a passphrase with scrypt and AES-256-GCM, in
 * JSON with a version. What is in it is hidden, and how many bridges they are, too; that it is such a file is not.
 */
import { createCipheriv, createDecipheriv, createHash, randomBytes, scrypt } from 'node:crypto'
import * as v from 'valibot'
import { AppError } from '../app-error.ts'

export const BRIDGE_FILE_VERSION = 1
/** A hundred lines of four thousand characters, sealed and as base64. A file beyond it is none of ours. */
export const MAX_BRIDGE_FILE_BYTES = 1_000_000
/** What the command for adding takes. */
const MAX_TEXT_CHARS = 100_000

const FORMAT = 'allium-bridges'
const CIPHER = 'aes-256-gcm'
const KEY_BYTES = 32
const SALT_BYTES = 16
const NONCE_BYTES = 12
const TAG_BYTES = 16
/** Most lists are as long as this, or twice or three times as long: the length of the file tells no more. */
const PADDED_TO_BYTES = 8_192

/** Half of a second and 128 MiB for each guess at the passphrase. */
const COST = { n: 2 ** 17, r: 8, p: 1 } as const
/** What somebody else's file may make this computer work: twice of that. */
const MAX_N = 2 ** 18
const MIN_N = 2 ** 14

const base64 = (maxChars: number) =>
  v.pipe(v.string(), v.maxLength(maxChars), v.regex(/^[A-Za-z0-9+/]*={0,2}$/))

const anyVersion = v.looseObject({
  format: v.literal(FORMAT),
  version: v.pipe(v.number(), v.integer(), v.minValue(1)),
})

const sealedSchema = v.strictObject({
  format: v.literal(FORMAT),
  version: v.literal(BRIDGE_FILE_VERSION),
  scrypt: v.strictObject({
    n: v.pipe(
      v.number(),
      v.integer(),
      v.minValue(MIN_N),
      v.maxValue(MAX_N),
      v.check((n) => Number.isInteger(Math.log2(n))),
    ),
    r: v.literal(COST.r),
    p: v.literal(COST.p),
    salt: base64(100),
  }),
  cipher: v.literal(CIPHER),
  nonce: base64(50),
  sealed: base64(MAX_BRIDGE_FILE_BYTES),
  /** Tells a damaged file from a wrong passphrase; it proves nothing, the seal does. */
  checksum: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)),
})

export type SealedBridges = v.InferOutput<typeof sealedSchema>

export type BridgeFile =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'sealed'; readonly sealed: SealedBridges }

/** Lines as they are, for whoever has said that they may lie open. */
export function plainFileText(lines: readonly string[]): string {
  return `${lines.join('\n')}\n`
}

/** The text of a file that the passphrase opens. */
export async function sealBridges(
  lines: readonly string[],
  passphrase: string,
  random: (length: number) => Uint8Array = randomBytes,
): Promise<string> {
  const salt = random(SALT_BYTES)
  const nonce = random(NONCE_BYTES)
  const head = {
    format: FORMAT,
    version: BRIDGE_FILE_VERSION,
    scrypt: { ...COST, salt: toBase64(salt) },
    cipher: CIPHER,
    nonce: toBase64(nonce),
  } as const
  const key = await deriveKey(passphrase, head.scrypt)
  const cipher = createCipheriv(CIPHER, key, nonce)
  cipher.setAAD(Buffer.from(JSON.stringify(head)))
  const open = padded(Buffer.from(plainFileText(lines)))
  const sealed = Buffer.concat([cipher.update(open), cipher.final(), cipher.getAuthTag()])
  key.fill(0)
  open.fill(0)
  const body = { ...head, sealed: toBase64(sealed) }
  return `${JSON.stringify({ ...body, checksum: checksumOf(body) }, undefined, 2)}\n`
}

/** What a file is. Throws an AppError: `bridge-file-broken`, `bridge-file-newer`. */
export function readBridgeFile(bytes: Uint8Array): BridgeFile {
  if (bytes.length > MAX_BRIDGE_FILE_BYTES) throw broken('it is too large')
  const text = decodeText(bytes)
  const json = parseJson(text)
  const known = v.safeParse(anyVersion, json)
  if (!known.success) {
    if (text.length > MAX_TEXT_CHARS) throw broken('it is too long for a list of bridges')
    return { kind: 'text', text }
  }
  if (known.output.version > BRIDGE_FILE_VERSION) {
    throw new AppError('bridge-file-newer', 'the file was made by a newer version')
  }
  const sealed = v.safeParse(sealedSchema, json)
  if (!sealed.success) throw broken('it does not have its form')
  const { checksum, ...body } = sealed.output
  if (checksumOf(body) !== checksum) throw broken('its checksum does not fit')
  return { kind: 'sealed', sealed: sealed.output }
}

/** The lines in it. Throws an AppError: `bridge-file-wrong-passphrase`, `bridge-file-broken`. */
export async function unsealBridges(file: SealedBridges, passphrase: string): Promise<string> {
  const { sealed: sealedText, checksum: _, ...head } = file
  const nonce = Buffer.from(file.nonce, 'base64')
  const sealed = Buffer.from(sealedText, 'base64')
  if (nonce.length !== NONCE_BYTES || sealed.length < TAG_BYTES) throw broken('it is too short')
  const key = await deriveKey(passphrase, file.scrypt)
  const decipher = createDecipheriv(CIPHER, key, nonce)
  decipher.setAAD(Buffer.from(JSON.stringify(ordered(head))))
  decipher.setAuthTag(sealed.subarray(sealed.length - TAG_BYTES))
  let open: Buffer
  try {
    open = Buffer.concat([decipher.update(sealed.subarray(0, -TAG_BYTES)), decipher.final()])
  } catch {
    throw new AppError('bridge-file-wrong-passphrase', 'the passphrase does not open the file')
  } finally {
    key.fill(0)
  }
  const text = decodeText(open).trimEnd()
  open.fill(0)
  if (text.length > MAX_TEXT_CHARS) throw broken('it holds too much')
  return text
}

/** The seal covers the head as it was written, whatever the order in a file that somebody has edited. */
function ordered(head: Omit<SealedBridges, 'sealed' | 'checksum'>): typeof head {
  const { format, version, scrypt: cost, cipher, nonce } = head
  const { n, r, p, salt } = cost
  return { format, version, scrypt: { n, r, p, salt }, cipher, nonce }
}

function checksumOf({ sealed, ...head }: Omit<SealedBridges, 'checksum'>): string {
  return createHash('sha256')
    .update(JSON.stringify(ordered(head)))
    .update(sealed)
    .digest('hex')
}

/** The same passphrase is the same however a keyboard composes its letters. */
function deriveKey(passphrase: string, { n, r, p, salt }: SealedBridges['scrypt']): Promise<Buffer> {
  const options = { N: n, r, p, maxmem: 2 * 128 * n * r }
  return new Promise((resolve, reject) => {
    const secret = Buffer.from(passphrase.normalize('NFKC'))
    scrypt(secret, Buffer.from(salt, 'base64'), KEY_BYTES, options, (error, key) => {
      secret.fill(0)
      if (error === null) resolve(key)
      else reject(error)
    })
  })
}

/** With spaces, which end no line and begin none. */
function padded(bytes: Buffer): Buffer {
  const length = Math.ceil((bytes.length + 1) / PADDED_TO_BYTES) * PADDED_TO_BYTES
  return Buffer.concat([bytes, Buffer.alloc(length - bytes.length, ' ')])
}

function decodeText(bytes: Uint8Array): string {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    if (!text.includes('\0')) return text
  } catch {
    // Said below.
  }
  throw broken('it is no text')
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function broken(why: string): AppError {
  return new AppError('bridge-file-broken', `the file with bridges cannot be read: ${why}`)
}

const toBase64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64')
