/** The sealed file with bridges: the way out and back, wrong passphrases, damage, and files made to do harm. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { AppError } from '../../../../electron/app-error.ts'
import {
  MAX_BRIDGE_FILE_BYTES,
  plainFileText,
  readBridgeFile,
  type SealedBridges,
  sealBridges,
  unsealBridges,
} from '../../../../electron/bridges/bridge-file.ts'
import { plain } from './support.ts'

const PASSPHRASE = 'four odd words together'
const bytes = (text: string): Uint8Array => Buffer.from(text)

async function seal(lines: readonly string[]) {
  const text = await sealBridges(lines, PASSPHRASE)
  const file = readBridgeFile(bytes(text))
  if (file.kind !== 'sealed') throw new Error('it is not sealed')
  return { text, sealed: file.sealed }
}

/** Made once each: a key takes its time, as it should. */
const few = seal([plain(1), plain(2)])
const many = seal(Array.from({ length: 60 }, (_, number) => plain(number)))

/** The file with a change that whoever has it can make, its checksum made to fit. */
async function forged(change: (file: SealedBridges) => object): Promise<Uint8Array> {
  const { createHash } = await import('node:crypto')
  const { sealed } = await few
  const { checksum: _, sealed: body, ...head } = { ...sealed, ...change(sealed) }
  const checksum = createHash('sha256').update(JSON.stringify(head)).update(body).digest('hex')
  return bytes(JSON.stringify({ ...head, sealed: body, checksum }))
}

const kindOf = (work: () => unknown): string | undefined => {
  try {
    work()
    return undefined
  } catch (error) {
    return error instanceof AppError ? error.kind : 'something else'
  }
}

describe('a sealed file', () => {
  it('gives the lines back to the passphrase, and shows nothing of them', async () => {
    const { text, sealed } = await few
    expect(text).not.toContain('192.0.2')
    expect(Buffer.from(sealed.sealed, 'base64').toString('latin1')).not.toContain('192.0.2')
    expect(await unsealBridges(sealed, PASSPHRASE)).toBe(`${plain(1)}\n${plain(2)}`)
  })

  it('does not tell by its length how many bridges are in it, and shares nothing with another one', async () => {
    const [first, second] = [await few, await many]
    expect(second.text.length).toBe(first.text.length)
    expect(first.sealed.nonce).not.toBe(second.sealed.nonce)
    expect(first.sealed.scrypt.salt).not.toBe(second.sealed.scrypt.salt)
  })

  it('opens however the keyboard composes the letters of the passphrase', async () => {
    const text = await sealBridges([plain(1)], 'gr\u00fc\u00dfe aus der ferne')
    const file = readBridgeFile(bytes(text))
    expect(
      file.kind === 'sealed' && (await unsealBridges(file.sealed, 'gru\u0308\u00dfe aus der ferne')),
    ).toBe(plain(1))
  })

  it('says that a passphrase is wrong, and that a file is damaged, as two things', async () => {
    const { text, sealed } = await few
    await expect(unsealBridges(sealed, 'Four odd words together')).rejects.toMatchObject({
      kind: 'bridge-file-wrong-passphrase',
    })
    const letter = sealed.sealed[40] === 'A' ? 'B' : 'A'
    const damaged = text.replace(
      sealed.sealed,
      `${sealed.sealed.slice(0, 40)}${letter}${sealed.sealed.slice(41)}`,
    )
    expect(kindOf(() => readBridgeFile(bytes(damaged)))).toBe('bridge-file-broken')
    expect(kindOf(() => readBridgeFile(bytes(`${text.slice(0, -3)}`)))).toBeUndefined()
  })

  it('that somebody changed on purpose does not open, whatever it says of itself', async () => {
    const changes: ((file: SealedBridges) => object)[] = [
      (file) => ({ nonce: Buffer.alloc(12).toString('base64'), sealed: file.sealed }),
      (file) => ({ scrypt: { ...file.scrypt, n: 2 ** 16 } }),
      (file) => ({ sealed: `${file.sealed.slice(0, 8)}AAAA${file.sealed.slice(12)}` }),
    ]
    for (const change of changes) {
      const file = readBridgeFile(await forged(change))
      await expect(file.kind === 'sealed' && unsealBridges(file.sealed, PASSPHRASE)).rejects.toMatchObject({
        kind: 'bridge-file-wrong-passphrase',
      })
    }
  })

  it('cannot make this computer work or remember more than it should', async () => {
    const costs = [{ n: 2 ** 30 }, { n: 3 * 2 ** 15 }, { n: 2 }, { r: 1_000 }, { p: 1_000 }, { n: 1e300 }]
    for (const cost of costs) {
      const file = await forged(({ scrypt }) => ({ scrypt: { ...scrypt, ...cost } }))
      expect(
        kindOf(() => readBridgeFile(file)),
        JSON.stringify(cost),
      ).toBe('bridge-file-broken')
    }
    expect(kindOf(() => readBridgeFile(new Uint8Array(MAX_BRIDGE_FILE_BYTES + 1)))).toBe('bridge-file-broken')
  })

  it('of a newer version says so', async () => {
    const file = await forged(() => ({ version: 2, cipher: 'something better' }))
    expect(kindOf(() => readBridgeFile(file))).toBe('bridge-file-newer')
  })
})

describe('another file', () => {
  it('is taken as text when it is some, for the person to look at', () => {
    const text = plainFileText([plain(1)])
    expect(readBridgeFile(bytes(text))).toEqual({ kind: 'text', text })
    expect(readBridgeFile(bytes('["obfs4 …"]'))).toMatchObject({ kind: 'text' })
  })

  it('is refused when it is none', () => {
    expect(kindOf(() => readBridgeFile(Uint8Array.of(0x89, 0x50, 0xff)))).toBe('bridge-file-broken')
    expect(kindOf(() => readBridgeFile(bytes('a\0b')))).toBe('bridge-file-broken')
    expect(kindOf(() => readBridgeFile(bytes('x'.repeat(100_001))))).toBe('bridge-file-broken')
  })

  it('whatever is in it, is read or refused in words', () => {
    const json = fc.json().map(bytes)
    const headed = fc
      .dictionary(
        fc.constantFrom('version', 'scrypt', 'cipher', 'nonce', 'sealed', 'checksum'),
        fc.jsonValue(),
      )
      .map((rest) => bytes(JSON.stringify({ format: 'allium-bridges', ...rest })))
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 300 }), json, headed), (file) => {
        expect([undefined, 'bridge-file-broken', 'bridge-file-newer']).toContain(
          kindOf(() => readBridgeFile(file)),
        )
      }),
      { numRuns: 300 },
    )
  })
})
