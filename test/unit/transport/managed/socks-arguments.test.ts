import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  joinSocksArguments,
  MAX_SOCKS_ARGUMENT_BYTES,
  splitForSocks5,
} from '../../../../core/transport/managed/socks-arguments.ts'

/** The plugin's side: what an argument list says. */
function readArguments(text: string): [string, string][] {
  const pairs: [string, string][] = []
  for (const pair of text.match(/(?:\\.|[^;\\])+/gs) ?? []) {
    const plain = pair.replace(/\\(.)/gs, '$1')
    const equals = plain.indexOf('=')
    pairs.push([plain.slice(0, equals), plain.slice(equals + 1)])
  }
  return pairs
}

const printable = fc.string({
  unit: fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code)),
})
const key = printable.filter((text) => text !== '' && !text.includes('='))

describe('the arguments of a bridge line', () => {
  test('are joined with semicolons, and their own semicolons and backslashes are escaped', () => {
    const args = [
      ['cert', 'a=b'],
      ['k;', String.raw`\v`],
    ] as const
    expect(joinSocksArguments(args).toString()).toBe(String.raw`cert=a=b;k\;=\\v`)
    expect(joinSocksArguments([])).toHaveLength(0)
  })

  test('are for the plugin what they were for us, whatever they are', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(key, printable), { maxLength: 5 }), (args) => {
        const joined = joinSocksArguments(args)
        const login = splitForSocks5(joined)
        expect(readArguments(joined.toString())).toEqual(args)
        const { username, password } = login ?? { username: Buffer.alloc(0), password: Buffer.of(0) }
        expect(login === undefined).toBe(args.length === 0)
        expect(username.length <= 255 && password.length >= 1 && password.length <= 255).toBe(true)
        const isPadding = password.equals(Buffer.of(0))
        expect(Buffer.concat(isPadding ? [username] : [username, password])).toEqual(joined)
      }),
      { numRuns: 200 },
    )
  })

  test.each([
    [255, 255, '\0'],
    [256, 255, 'v'],
    [510, 255, 'v'.repeat(255)],
  ])('of %i bytes are a user name of %i and a password', (length, nameLength, password) => {
    const login = splitForSocks5(joinSocksArguments([['k', 'v'.repeat(length - 2)]]))
    expect(login?.username).toHaveLength(nameLength)
    expect(login?.password.toString()).toBe(password)
  })

  test('are refused when they are longer than both fields together', () => {
    const refusal: unknown = expect.objectContaining({ kind: 'bad-config' })
    expect(() => joinSocksArguments([['k', 'v'.repeat(MAX_SOCKS_ARGUMENT_BYTES - 1)]])).toThrow(refusal)
  })
})
