import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { PluginHandshake } from '../../../../core/transport/managed/plugin-handshake.ts'
import { parsePluginLine } from '../../../../core/transport/managed/plugin-lines.ts'
import { isTorError } from '../../../../core/util/errors.ts'

/** The transports that a plugin offers and where, after these lines; undefined while it has not finished. */
function after(lines: readonly string[], needsProxy = false): string[] | undefined {
  const handshake = new PluginHandshake(['a', 'b'], needsProxy)
  let offered: string[] | undefined
  for (const line of lines) {
    const offer = handshake.onLine(parsePluginLine(line))
    if (offer !== undefined) {
      offered = [...offer.methods].map(([name, { endpoint }]) => `${name} ${endpoint.host}:${endpoint.port}`)
    }
  }
  return offered
}

const A = 'CMETHOD a socks5 127.0.0.1:1'
const DONE = 'CMETHODS DONE'

describe('a plugin', () => {
  test('offers what was asked for and nothing else, and may say more than we know', () => {
    const lines = [
      'HELLO',
      'VERSION 1',
      'STATUS x=y',
      A,
      'CMETHOD c socks5 127.0.0.1:3',
      'CMETHOD b socks4 [::1]:2',
    ]
    expect(after(lines)).toBeUndefined()
    expect(after([...lines, DONE])).toEqual(['a 127.0.0.1:1', 'b ::1:2'])
    expect(after(['VERSION 1', 'CMETHOD-ERROR a no', DONE])).toEqual([])
  })

  test.each([
    [['VERSION 2'], /version 1/],
    [['VERSION-ERROR no-version'], /version 1/],
    [['VERSION 1', 'VERSION 1'], /version 1/],
    [['ENV-ERROR at 192.0.2.1'], /environment/],
    [[A], /breaks the protocol/],
    [[DONE], /breaks the protocol/],
    [['VERSION 1', 'CMETHOD a socks5 here'], /breaks the protocol/],
    [['VERSION 1', 'CMETHOD a socks5 192.0.2.1:1'], /not of this machine/],
    [['VERSION 1', 'CMETHOD a socks5 [2001:db8::1]:1'], /not of this machine/],
    [['VERSION 1', 'CMETHOD a socks5 0.0.0.0:1'], /not of this machine/],
    [['VERSION 1', A, A], /two addresses/],
    [['VERSION 1', 'PROXY DONE'], /not given/],
  ])('that says %j is of no use, and why is said without its words', (lines, words) => {
    expect(() => after([...lines, DONE])).toThrow(
      expect.objectContaining({ kind: 'channel-failed', message: expect.stringMatching(words) as string }),
    )
    expect(() => after([...lines, DONE])).not.toThrow('192.0.2.1')
  })

  test('must say that it goes through the proxy, or is not used', () => {
    const refusal: unknown = expect.objectContaining({ kind: 'proxy-failed' })
    expect(after(['VERSION 1', 'PROXY DONE', A, DONE], true)).toEqual(['a 127.0.0.1:1'])
    expect(() => after(['VERSION 1', A, DONE], true)).toThrow(refusal)
    expect(() => after(['VERSION 1', 'PROXY-ERROR cannot', A, DONE], true)).toThrow(refusal)
  })

  test('may say what it likes in any order: it offers loopback addresses, or there is a typed error', () => {
    const word = fc.constantFrom(
      'VERSION 1',
      'VERSION 2',
      A,
      'CMETHOD b socks4 10.0.0.1:2',
      'CMETHOD b socks4 127.9.9.9:2',
    )
    const line = fc.oneof(
      word,
      fc.constantFrom(DONE, 'PROXY DONE', 'PROXY-ERROR x', 'LOG x', 'CMETHOD'),
      fc.string(),
    )
    fc.assert(
      fc.property(fc.array(line), fc.boolean(), (lines, needsProxy) => {
        try {
          for (const text of after(lines, needsProxy) ?? []) expect(text).toMatch(/^[ab] 127\./)
        } catch (error) {
          expect(isTorError(error, needsProxy ? undefined : 'channel-failed')).toBe(true)
        }
      }),
      { numRuns: 300 },
    )
  })
})
