/** Server descriptors: those that C tor makes, and each lie that a bridge could tell in one. */
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { MAX_DESCRIPTOR_BYTES, parseServerDescriptor } from '../../../core/netdoc/server-descriptor.ts'
import { isTorError } from '../../../core/util/errors.ts'
import {
  type DescriptorFields,
  ntorCrosscert,
  tapLines,
  writeDescriptor,
} from '../../network/descriptor-writer.ts'
import {
  certExtension,
  createRelayIdentity,
  rawPublicKey,
  signingKeyCert,
} from '../../network/relay-identity.ts'
import real from '../../vectors/server_descriptors_tor_0_4_9_11.json' with { type: 'json' }

const NOW_MS = 1_790_000_000_000
const BRIDGE = createRelayIdentity(NOW_MS)
const OTHER = createRelayIdentity(NOW_MS)

function write(changes: Partial<DescriptorFields> = {}): string {
  return writeDescriptor(BRIDGE, NOW_MS, changes)
}

function refusal(text: string): { kind: string; message: string } {
  try {
    parseServerDescriptor(text)
  } catch (error) {
    if (isTorError(error)) return { kind: error.kind, message: error.message }
    throw error
  }
  throw new Error('the descriptor was taken')
}

describe('descriptors that are in order', () => {
  test('those of C tor are read and verified', () => {
    const [exit] = real.descriptors.map(parseServerDescriptor)
    expect(exit).toMatchObject({
      nickname: 'exit1',
      address: '127.0.0.1',
      rsa: '194359D2774BE7891D937F62F435796B41258148',
      ed25519: 'um1xHi26CK0GOy0EUm/1HiUdU1kDnILdotlDFSCew9Y',
      publishedMs: Date.parse('2026-11-25T21:25:55Z'),
    })
    expect(exit?.ntorKey.toString('base64')).toBe('FU50zXZ2Luvp+jXrgkg7sfFc4DtVl4koVat866CiKV8=')
    expect(exit?.protocols.supports('Relay', 4)).toBe(true)
  })

  test('each byte that changes makes a real one worthless', () => {
    const text = real.descriptors[1] ?? ''
    for (let at = 0; at < text.length; at += 37) {
      const changed = text.charCodeAt(at) === 65 ? 'B' : 'A'
      expect(() => parseServerDescriptor(text.slice(0, at) + changed + text.slice(at + 1)), `${at}`).toThrow()
    }
  })

  test('without the old onion key, and with it', () => {
    expect(parseServerDescriptor(write())).toMatchObject({ rsa: BRIDGE.rsa, ed25519: BRIDGE.ed25519 })
    const onionKey = generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey
    const withTap = write({ extraLines: tapLines(BRIDGE, onionKey) })
    expect(parseServerDescriptor(withTap).text).toBe(withTap)
  })

  test('lines that nobody knows are passed over', () => {
    const text = write({ extraLines: ['hidden-novelty 1 2 3', 'reject *:1'], family: '$AA nick' })
    expect(parseServerDescriptor(text).family).toBe('$AA nick')
  })
})

describe('a bridge that lies', () => {
  const onionKey = generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey
  const strangersIds = Buffer.concat([Buffer.from(OTHER.rsa, 'hex'), rawPublicKey(OTHER.ed25519Key)])
  const strangersTap = tapLines(BRIDGE, onionKey, strangersIds)
  test.each<[string, Partial<DescriptorFields>, string]>([
    ['signs with another RSA key', { rsaSigner: OTHER.rsaKey }, 'the RSA signature is wrong'],
    ['signs with another ed25519 key', { ed25519Signer: OTHER.signingKey }, 'the ed25519 signature is wrong'],
    [
      "shows another relay's certificate",
      { certificate: signingKeyCert(OTHER, NOW_MS) },
      'the ed25519 signature is wrong',
    ],
    [
      'names an identity that did not sign',
      {
        certificate: signingKeyCert(BRIDGE, NOW_MS, {
          extensions: [certExtension(4, 0, rawPublicKey(OTHER.ed25519Key))],
        }),
      },
      'badly signed',
    ],
    [
      'shows a certificate of another type',
      { certificate: signingKeyCert(BRIDGE, NOW_MS, { certType: 5 }) },
      'wrong type',
    ],
    [
      'has an onion key that vouches for another',
      { ntorCrosscert: ntorCrosscert(BRIDGE, NOW_MS, rawPublicKey(OTHER.ed25519Key)).certificate },
      'the ntor onion key does not vouch',
    ],
    [
      'lists the onion key of another relay',
      {
        edit: (text) =>
          text.replace(
            /^ntor-onion-key .*$/m,
            `ntor-onion-key ${OTHER.ntorKey.publicKey.toString('base64')}`,
          ),
      },
      'the ntor onion key does not vouch',
    ],
    [
      'claims the fingerprint of another relay',
      { edit: (text) => text.replace(/^fingerprint .*$/m, `fingerprint ${OTHER.rsa}`) },
      'the fingerprint is of another key',
    ],
    [
      'claims the master key of another relay',
      { edit: (text) => text.replace(/^master-key-ed25519 .*$/m, `master-key-ed25519 ${OTHER.ed25519}`) },
      'the master key is another one',
    ],
    [
      "has an old onion key that vouches for another relay's ids",
      { extraLines: strangersTap },
      'the onion key',
    ],
  ])('%s', (_, changes, message) => {
    const { kind, message: words } = refusal(write(changes))
    expect(kind).toBe('bad-directory')
    expect(words).toContain(message)
  })
})

describe('texts that are no descriptor', () => {
  const good = write()
  test.each<[string, string]>([
    ['nothing', ''],
    ['an HTML page of a censor', '<html><body>blocked</body></html>\n'],
    ['two descriptors', good + good],
    ['something before it', `@purpose bridge\n${good}`],
    ['an empty line before it', `\n${good}`],
    ['something behind it', `${good}published 2026-01-01 00:00:00\n`],
    ['a text that was cut', good.slice(0, -100)],
    ['a text without its last LF', good.slice(0, -1)],
    ['carriage returns', good.replaceAll('\n', '\r\n')],
    ['a NUL', good.replace('platform', 'plat\0form')],
    ['more than the limit', good + 'x'.repeat(MAX_DESCRIPTOR_BYTES)],
    [
      'no identity-ed25519',
      write({ edit: (text) => text.replace(/^identity-ed25519\n[^]*?END ED25519 CERT-----\n/m, '') }),
    ],
    ['no ntor key', write({ edit: (text) => text.replace(/^ntor-onion-key .*\n/m, '') })],
    [
      'an ntor key of zeros',
      write({ edit: (text) => text.replace(/^ntor-onion-key .*$/m, `ntor-onion-key ${'A'.repeat(43)}`) }),
    ],
    [
      'two ntor keys',
      write({ edit: (text) => `${text}ntor-onion-key ${randomBytes(32).toString('base64')}\n` }),
    ],
    ['no date', write({ edit: (text) => text.replace(/^published .*\n/m, '') })],
    [
      'a date that is none',
      write({ edit: (text) => text.replace(/^published .*$/m, 'published yesterday') }),
    ],
    ['a sign bit that is none', write({ ntorSignBit: '2' })],
    ['a name that is none', write({ nickname: 'not-a-name' })],
    ['a host name', write({ address: 'bridge.example' })],
    ['an address that is none', write({ address: '999.0.2.1' })],
  ])('%s', (_, text) => {
    expect(refusal(text).kind).toBe('malformed')
  })
})
