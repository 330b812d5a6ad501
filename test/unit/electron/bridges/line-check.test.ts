/** Each line of a pasted text gets the one fault that helps its owner, or none. */
import { describe, expect, it } from 'vitest'
import { BRIDGE_EMOJI, bridgeEmoji } from '../../../../electron/bridges/bridge-emoji.ts'
import { checkPasted, MAX_BRIDGES } from '../../../../electron/bridges/line-check.ts'
import { FINGERPRINT, plain, TRANSPORTS } from './support.ts'

const CERT = `${'Ab'.repeat(34)}AA`

const faults = (pasted: string, known: readonly string[] = []): (string | undefined)[] =>
  checkPasted(pasted, new Set(known), TRANSPORTS).map(({ fault }) => fault)

describe('a pasted line', () => {
  it.each([
    [plain(1), undefined],
    [`obfs4 192.0.2.1:1 ${FINGERPRINT} cert=${CERT} iat-mode=0`, undefined],
    [`obfs4 192.0.2.1:1 ${FINGERPRINT} cert=${CERT.slice(1)} iat-mode=0`, 'bad-arguments'],
    [`obfs4 192.0.2.1:1 ${FINGERPRINT} cert=${CERT} iat-mode=7`, 'bad-arguments'],
    [`obfs4 192.0.2.1:1 ${FINGERPRINT}`, 'bad-arguments'],
    ['192.0.2.1:1', undefined],
    ['[2001:db8::1]:1', undefined],
    ['hello world', 'not-a-bridge-line'],
    ['please add this', 'not-a-bridge-line'],
    ['https://bridges.torproject.org/', 'not-a-bridge-line'],
    ['Мост 192.0.2.1:1', 'not-a-bridge-line'],
    ['obfs4', 'not-a-bridge-line'],
    [`obfs4 192.0.2.1:1 ${FINGERPRINT} cert`, 'not-a-bridge-line'],
    [`obfs4 192.0.2.1:1 k=${'v'.repeat(5_000)}`, 'not-a-bridge-line'],
    ['bridge.example:443', 'bad-address'],
    ['obfs4 bridge.example:443 cert=a', 'bad-address'],
    ['192.0.2.1:99999', 'bad-address'],
    ['192.0.2.256:443', 'bad-address'],
    ['0.0.0.0:443', 'bad-address'],
    [`192.0.2.1:1 ${FINGERPRINT}0`, 'bad-fingerprint'],
    ['192.0.2.1:1 abc', 'bad-fingerprint'],
    [`webtunnel 192.0.2.1:1 ${FINGERPRINT} url=https://a.example`, 'transport-not-available'],
    ['meek_lite 192.0.2.1:1 url=https://a.example', 'transport-not-available'],
    ['warp 192.0.2.1:1', 'unknown-transport'],
  ])('%s: %s', (line, fault) => {
    expect(faults(line)).toEqual([fault])
  })

  it('is there already in whatever way it is written, in the library or above', () => {
    const printed = plain(1)
    expect(faults(`Bridge ${printed.toLowerCase()}`, [printed])).toEqual(['already-there'])
    expect(faults(`192.0.2.1:443\n192.0.2.1\n${plain(2)}\n  ${plain(2)}`)).toEqual([
      undefined,
      'already-there',
      undefined,
      'already-there',
    ])
  })

  it('is one too many beyond what anybody needs', () => {
    const many = Array.from({ length: MAX_BRIDGES + 2 }, (_, n) => `192.0.${n >> 8}.${(n & 255) + 1}:1`)
    expect(faults(many.join('\n')).slice(-3)).toEqual([undefined, 'too-many', 'too-many'])
  })

  it('shows what it says when it is good', () => {
    const [good, bad] = checkPasted('[2001:db8:0::1]:9001\nnonsense', new Set(), TRANSPORTS)
    expect(good).toEqual({
      lineNumber: 1,
      text: '[2001:db8:0::1]:9001',
      fault: undefined,
      bridge: {
        transport: 'vanilla',
        address: '[2001:db8::1]:9001',
        emoji: bridgeEmoji('[2001:db8:0::1]:9001'),
      },
    })
    expect(bad).toEqual({ lineNumber: 2, text: 'nonsense', fault: 'not-a-bridge-line' })
  })
})

describe('the four emoji', () => {
  it('are from a list of one for each byte, none twice', () => {
    expect(BRIDGE_EMOJI).toHaveLength(256)
    expect(new Set(BRIDGE_EMOJI).size).toBe(256)
    expect([BRIDGE_EMOJI[0], BRIDGE_EMOJI[9], BRIDGE_EMOJI[255]]).toEqual(['👽️', '🐶', '🗿'])
  })

  it.each([
    // FNV-1a's own vectors.
    ['', 0x811c9dc5],
    ['a', 0xe40c292c],
    ['foobar', 0xbf9cf968],
  ])('of %j are the bytes of its hash, the first one first', (text, hash) => {
    const bytes = [hash >>> 24, (hash >>> 16) & 255, (hash >>> 8) & 255, hash & 255]
    expect(bridgeEmoji(text)).toEqual(bytes.map((byte) => BRIDGE_EMOJI[byte]))
  })
})
