/** The header and footer of a consensus (dir-spec 3.4.1): everything but the relays. */
import { type RsaIdentity, parseRsaIdentity } from '../linkspec/relay-ids.ts'
import { fromBase64 } from '../util/bytes.ts'
import { malformed } from '../util/errors.ts'
import type { ProtocolVersions } from './protocol-versions.ts'
import { NO_PROTOCOLS, parseProtocolVersions } from './protocol-versions.ts'
import { parseTime } from './times.ts'
import { type DocumentItem, atMostOne, exactlyOne, tokenize } from './tokenizer.ts'

/** One `directory-signature` item, not yet verified. */
export interface DirectorySignature {
  /** `sha1` when the line names none; signatures over other digests are left out. */
  readonly algorithm: string
  /** The v3 identity of the authority. */
  readonly identity: RsaIdentity
  /** Fingerprint of its signing key. */
  readonly signingKeyDigest: RsaIdentity
  readonly signature: Buffer
}

/** A value that the authorities drew together (srv-spec). */
export interface SharedRandomValue {
  /** How many authorities took part. */
  readonly reveals: number
  /** 32 bytes. */
  readonly value: Buffer
}

export interface ConsensusHeader {
  /** Wall-clock milliseconds; the three ascend. */
  readonly validAfterMs: number
  readonly freshUntilMs: number
  readonly validUntilMs: number
  readonly method: number
  readonly knownFlags: readonly string[]
  /** As written; `NetParams` applies names, defaults and ranges. */
  readonly params: ReadonlyMap<string, number>
  readonly requiredClientProtocols: ProtocolVersions
  readonly recommendedClientProtocols: ProtocolVersions
  readonly sharedRandomCurrent: SharedRandomValue | undefined
  readonly sharedRandomPrevious: SharedRandomValue | undefined
  /** v3 identities of the `dir-source` lines: who voted. */
  readonly authorities: readonly RsaIdentity[]
}

export interface ConsensusFooter {
  readonly bandwidthWeights: ReadonlyMap<string, number>
  readonly signatures: readonly DirectorySignature[]
}

const HEADER = 'consensus header'
const FOOTER = 'consensus footer'
/** There are nine authorities; each signature costs an RSA operation. */
const MAX_SIGNATURES = 64
const MAX_AUTHORITIES = 256
const MAX_KNOWN_FLAGS = 256
const DECIMAL = /^[0-9]{1,9}$/
const INT32 = /^-?[0-9]{1,10}$/
const RELAY_KEYWORDS = new Set(['r', 'm', 's', 'w', 'pr'])

/** Throws `malformed`. */
export function parseConsensusHeader(text: string): ConsensusHeader {
  const items = tokenize(text, HEADER)
  checkKind(items)
  const [validAfterMs, freshUntilMs, validUntilMs] = parseLifetime(items)
  const knownFlags = exactlyOne(items, 'known-flags', HEADER).args
  if (knownFlags.length > MAX_KNOWN_FLAGS) malformed(HEADER, `at most ${MAX_KNOWN_FLAGS} known flags`)
  return {
    validAfterMs,
    freshUntilMs,
    validUntilMs,
    method: parseDecimal(exactlyOne(items, 'consensus-method', HEADER).args[0], 'consensus-method'),
    knownFlags,
    params: parseAssignments(atMostOne(items, 'params', HEADER)),
    requiredClientProtocols: parseProtocols(items, 'required-client-protocols'),
    recommendedClientProtocols: parseProtocols(items, 'recommended-client-protocols'),
    sharedRandomCurrent: parseSharedRandom(atMostOne(items, 'shared-rand-current-value', HEADER)),
    sharedRandomPrevious: parseSharedRandom(atMostOne(items, 'shared-rand-previous-value', HEADER)),
    authorities: parseAuthorityIds(items),
  }
}

/** `text` runs from `directory-footer` to the document's end. Throws `malformed`. */
export function parseConsensusFooter(text: string): ConsensusFooter {
  const items = tokenize(text, FOOTER)
  if (items[0]?.keyword !== 'directory-footer') malformed(FOOTER, '"directory-footer" first')
  exactlyOne(items, 'directory-footer', FOOTER)
  if (items.some((item) => RELAY_KEYWORDS.has(item.keyword))) malformed(FOOTER, 'no relays after the footer')
  const firstSignature = items.findIndex(isSignature)
  const signatures = items.slice(firstSignature === -1 ? items.length : firstSignature)
  // The authorities sign up to here, so whoever passes the document on could have written what else there is.
  if (!signatures.every(isSignature)) malformed(FOOTER, 'nothing but signatures after the first one')
  if (signatures.length > MAX_SIGNATURES) malformed(FOOTER, `at most ${MAX_SIGNATURES} signatures`)
  return {
    bandwidthWeights: parseAssignments(atMostOne(items, 'bandwidth-weights', FOOTER)),
    signatures: signatures.filter(hasKnownAlgorithm).map(parseSignature),
  }
}

function checkKind(items: readonly DocumentItem[]): void {
  const version = exactlyOne(items, 'network-status-version', HEADER)
  if (items[0] !== version || version.args[0] !== '3') malformed(HEADER, '"network-status-version 3" first')
  const flavor = version.args[1] ?? 'ns'
  if (flavor !== 'microdesc') malformed('consensus flavour', 'microdesc', flavor.slice(0, 20))
  const status = exactlyOne(items, 'vote-status', HEADER).args[0]
  if (status !== 'consensus') malformed(HEADER, '"vote-status consensus"')
  if (items.some((item) => RELAY_KEYWORDS.has(item.keyword))) malformed(HEADER, 'no relays inside')
}

function parseLifetime(items: readonly DocumentItem[]): [number, number, number] {
  const timeOf = (keyword: string): number => {
    const { args } = exactlyOne(items, keyword, HEADER)
    return parseTime(args[0], args[1], keyword)
  }
  const after = timeOf('valid-after')
  const fresh = timeOf('fresh-until')
  const until = timeOf('valid-until')
  if (!(after < fresh && fresh <= until)) malformed(HEADER, 'valid-after < fresh-until <= valid-until')
  const delays = exactlyOne(items, 'voting-delay', HEADER).args
  parseDecimal(delays[0], 'voting-delay')
  parseDecimal(delays[1], 'voting-delay')
  return [after, fresh, until]
}

function parseProtocols(items: readonly DocumentItem[], keyword: string): ProtocolVersions {
  const item = atMostOne(items, keyword, HEADER)
  return item === undefined ? NO_PROTOCOLS : parseProtocolVersions(item.args.join(' '))
}

/** `name=int32` words, each name once. */
function parseAssignments(item: DocumentItem | undefined): Map<string, number> {
  const values = new Map<string, number>()
  for (const word of item?.args ?? []) {
    const equals = word.indexOf('=')
    const name = word.slice(0, equals)
    const text = word.slice(equals + 1)
    const value = Number(text)
    if (equals < 1 || !INT32.test(text) || value !== (value | 0) || values.has(name)) {
      malformed(`"${item?.keyword}" line`, 'name=number words, each name once')
    }
    values.set(name, value)
  }
  return values
}

function parseSharedRandom(item: DocumentItem | undefined): SharedRandomValue | undefined {
  if (item === undefined) return undefined
  return { reveals: parseDecimal(item.args[0], item.keyword), value: fromBase64(item.args[1] ?? '', 32) }
}

function parseAuthorityIds(items: readonly DocumentItem[]): RsaIdentity[] {
  const sources = items.filter((item) => item.keyword === 'dir-source')
  if (sources.length > MAX_AUTHORITIES) malformed(HEADER, `at most ${MAX_AUTHORITIES} authorities`)
  // "-legacy" entries announce an old key of an authority that is listed once more under its new one.
  return sources.map((item) => parseRsaIdentity(item.args[1] ?? ''))
}

function isSignature({ keyword }: DocumentItem): boolean {
  return keyword === 'directory-signature'
}

/** Without an algorithm word it is sha1; a word that we do not know says nothing of what follows it. */
function hasKnownAlgorithm({ args }: DocumentItem): boolean {
  return args.length === 2 || args[0] === 'sha1' || args[0] === 'sha256'
}

function parseSignature(item: DocumentItem): DirectorySignature {
  const words = item.args.length === 2 ? ['sha1', ...item.args] : item.args
  const [algorithm = '', identity = '', signingKeyDigest = ''] = words
  if (item.object?.label !== 'SIGNATURE') malformed(FOOTER, 'a SIGNATURE object after "directory-signature"')
  return {
    algorithm,
    identity: parseRsaIdentity(identity),
    signingKeyDigest: parseRsaIdentity(signingKeyDigest),
    signature: item.object.bytes,
  }
}

function parseDecimal(text: string | undefined, what: string): number {
  if (text === undefined || !DECIMAL.test(text)) malformed(what, 'a decimal number')
  return Number(text)
}
