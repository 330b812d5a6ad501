/** Bridge lines, held against what C tor 0.4.9 takes and refuses (torrc-agreement asks it itself). */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { rsaIdentityFromBytes } from '../../../core/linkspec/relay-ids.ts'
import {
  type BridgeLine,
  BridgeLineError,
  formatBridgeLine,
  MAX_BRIDGE_LINE_CHARS,
  parseBridgeLine,
} from '../../../core/linkspec/bridge-line.ts'
import { formatIp } from '../../../core/util/ip-address.ts'

const FINGERPRINT = '0123456789ABCDEF0123456789ABCDEF01234567'

describe('lines that are taken, as they are printed', () => {
  test.each([
    ['192.0.2.1', '192.0.2.1:443'],
    ['192.0.2.1:9001', '192.0.2.1:9001'],
    [`  192.0.2.1:9001 \t ${FINGERPRINT.toLowerCase()} `, `192.0.2.1:9001 ${FINGERPRINT}`],
    ['192.0.2.1:9001 01234567 89ABCDEF 01234567 89ABCDEF 01234567', `192.0.2.1:9001 ${FINGERPRINT}`],
    ['2001:db8::1', '[2001:db8::1]:443'],
    ['[2001:DB8:0::1]', '[2001:db8::1]:443'],
    ['[2001:db8::1]:9001', '[2001:db8::1]:9001'],
    ['obfs4 192.0.2.1:1', 'obfs4 192.0.2.1:1'],
    ['obfs4 192.0.2.1:1 cert=a/b+c iat-mode=0', 'obfs4 192.0.2.1:1 cert=a/b+c iat-mode=0'],
    [
      `webtunnel [2001:db8::1]:443 ${FINGERPRINT} url=https://a.example/b?c=d ver=0.0.1`,
      `webtunnel [2001:db8::1]:443 ${FINGERPRINT} url=https://a.example/b?c=d ver=0.0.1`,
    ],
    ['meek_lite 192.0.2.1:80 k= k=v', 'meek_lite 192.0.2.1:80 k= k=v'],
    ['bridge 192.0.2.1:80', 'bridge 192.0.2.1:80'],
  ])('%s', (text, printed) => {
    expect(formatBridgeLine(parseBridgeLine(text))).toBe(printed)
  })
})

describe('lines that are refused', () => {
  test.each([
    ['', 'empty'],
    ['obfs4', 'empty'],
    ['192.0.2.1:0', 'bad-address'],
    ['192.0.2.1:65536', 'bad-address'],
    ['192.0.2.1:', 'bad-address'],
    ['192.0.2.1:1e3', 'bad-address'],
    ['192.0.2.01:80', 'bad-address'],
    ['bridge.example:443', 'bad-address'],
    ['ob-fs4 192.0.2.1:443', 'bad-address'],
    ['4obfs 192.0.2.1:443', 'bad-address'],
    ['[192.0.2.1]:443', 'bad-address'],
    ['2001:db8::1%eth0', 'bad-address'],
    ['[fe80::1%eth0]:443', 'bad-address'],
    ['0.0.0.0:443', 'bad-address'],
    ['[::]:443', 'bad-address'],
    ['192.0.2.1:443 ABCD', 'bad-fingerprint'],
    [`192.0.2.1:443 $${FINGERPRINT}`, 'bad-fingerprint'],
    [`192.0.2.1:443 ${FINGERPRINT} a=b`, 'bad-fingerprint'],
    ['192.0.2.1:443 a=b', 'bad-fingerprint'],
    [`obfs4 192.0.2.1:443 ${FINGERPRINT.replace('7', 'G')} cert=x`, 'bad-fingerprint'],
    [`obfs4 192.0.2.1:443 ${FINGERPRINT} cert`, 'bad-argument'],
    [`obfs4 192.0.2.1:443 ${FINGERPRINT} =x`, 'bad-argument'],
    [`obfs4 192.0.2.1:443 k=v ${FINGERPRINT}`, 'bad-argument'],
    ['192.0.2.1:443\n192.0.2.2:443', 'bad-argument'],
    ['192.0.2.1:443\u00a0', 'bad-argument'],
    [`obfs4 192.0.2.1:443 k=${'v'.repeat(MAX_BRIDGE_LINE_CHARS)}`, 'too-long'],
  ])('%j for %s', (text, fault) => {
    expect(() => parseBridgeLine(text)).toThrow(BridgeLineError)
    expect(() => parseBridgeLine(text)).toThrow(expect.objectContaining({ fault, kind: 'bad-config' }))
  })

  test('whatever is refused, the words carry nothing of the line', () => {
    for (const text of [
      '192.0.2.77:0',
      `192.0.2.77:1 ${FINGERPRINT}0`,
      `obfs4 192.0.2.77:1 ${FINGERPRINT} secret`,
    ]) {
      expect(() => parseBridgeLine(text)).toThrow(expect.not.stringMatching(/77|secret|0123/))
    }
  })
})

const lines: fc.Arbitrary<BridgeLine> = fc
  .record({
    transport: fc.option(fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_]{0,11}$/), { nil: undefined }),
    host: fc
      .oneof(fc.uint8Array({ minLength: 4, maxLength: 4 }), fc.uint8Array({ minLength: 16, maxLength: 16 }))
      .filter((bytes) => bytes.some((byte) => byte !== 0))
      .map(formatIp),
    port: fc.integer({ min: 1, max: 65_535 }),
    fingerprint: fc.option(fc.uint8Array({ minLength: 20, maxLength: 20 }).map(rsaIdentityFromBytes), {
      nil: undefined,
    }),
    args: fc.array(fc.tuple(fc.stringMatching(/^[!-<>-~]{1,8}$/), fc.stringMatching(/^[!-~]{0,8}$/)), {
      maxLength: 5,
    }),
  })
  .map(({ transport, host, port, fingerprint, args }) => ({
    transport,
    endpoint: { host, port },
    fingerprint,
    args: transport === undefined ? [] : args,
  }))

test('every line that is printed is read as what it was', () => {
  fc.assert(
    fc.property(lines, (line) => {
      expect(parseBridgeLine(formatBridgeLine(line))).toEqual(line)
    }),
  )
})

test('no text makes the reader throw anything but its own error', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      try {
        parseBridgeLine(text)
      } catch (error) {
        expect(error).toBeInstanceOf(BridgeLineError)
      }
    }),
  )
})
