/** What the bridge service may say, and that nothing else is believed. */
import fc from 'fast-check'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import {
  MAX_ANSWER_BYTES,
  parseMoatBuiltIn,
  parseMoatMap,
  parseMoatSettings,
} from '../../../core/circumvention/moat-answer.ts'
import { isTorError } from '../../../core/util/errors.ts'

interface Vectors {
  readonly responses: readonly unknown[]
  readonly map_response: unknown
}

const vectors = JSON.parse(readFileSync('test/vectors/moat_settings.json', 'utf8')) as Vectors
/** As in the vectors. */
const LINE = `obfs4 192.0.2.1:443 ${'A'.repeat(40)} cert=${'a'.repeat(70)} iat-mode=0`
const bytes = (value: unknown): Buffer => Buffer.from(JSON.stringify(value))
const setting = (bridges: unknown): Buffer => bytes({ settings: [{ bridges }], country: 'de' })
const GOOD = { type: 'obfs4', source: 'bridgedb', bridge_strings: [LINE] }

describe('an answer of the bridge service', () => {
  it('is read as its documentation has it', () => {
    const [full, none, ...errors] = vectors.responses
    expect(parseMoatSettings(bytes(full))).toEqual({
      kind: 'settings',
      country: 'de',
      settings: [
        { transport: 'obfs4', source: 'bridgedb', lines: [LINE] },
        {
          transport: 'snowflake',
          source: 'builtin',
          lines: ['snowflake 192.0.2.3:1 2B280B23E1107BB62ABFC40DDCC8824814F80A72'],
        },
      ],
    })
    expect(parseMoatSettings(bytes(none))).toEqual({ kind: 'settings', country: 'se', settings: [] })
    expect(errors.map((error) => parseMoatSettings(bytes(error)))).toMatchObject(
      [400, 404, 406].map((code) => ({ kind: 'refusal', code })),
    )
    expect(parseMoatMap(bytes(vectors.map_response))).toEqual(
      new Map([['cn', [{ transport: 'snowflake', source: 'builtin', lines: [] }]]]),
    )
    expect(parseMoatBuiltIn(bytes({ obfs4: [LINE] }))).toEqual(new Map([['obfs4', [LINE]]]))
  })

  it.each<[string, Buffer]>([
    ['nothing', Buffer.alloc(0)],
    ['no JSON', Buffer.from('<html>captive portal</html>')],
    ['no UTF-8', Buffer.from([0x22, 0xff, 0x22])],
    ['a bare value', bytes(7)],
    ['a list', bytes([])],
    ['no settings', bytes({ country: 'de' })],
    ['settings that are no list', bytes({ settings: { 0: 'x' } })],
    ['too many settings', bytes({ settings: Array.from({ length: 21 }, () => ({ bridges: GOOD })) })],
    ['a setting without bridges', bytes({ settings: [{}] })],
    ['no source', setting({ ...GOOD, source: undefined })],
    ['a source of its own', setting({ ...GOOD, source: 'me' })],
    ['a transport that could be an option', setting({ ...GOOD, type: 'obfs4 exec /bin/sh' })],
    ['lines that are no list', setting({ ...GOOD, bridge_strings: LINE })],
    ['a line that is no text', setting({ ...GOOD, bridge_strings: [7] })],
    ['a line that is none', setting({ ...GOOD, bridge_strings: ['example.com'] })],
    ['two lines in one', setting({ ...GOOD, bridge_strings: [`${LINE}\nUseBridges 0`] })],
    ['too long a line', setting({ ...GOOD, bridge_strings: [`${LINE} a=${'x'.repeat(5_000)}`] })],
    ['too many lines', setting({ ...GOOD, bridge_strings: Array.from({ length: 51 }, () => LINE) })],
    ['bridges on request, and none there', setting({ ...GOOD, bridge_strings: [] })],
    ['a country that is none', bytes({ settings: [], country: 'Germany' })],
    ['no error among its errors', bytes({ errors: [] })],
    ['an error without a code', bytes({ errors: [{ detail: 'x' }] })],
  ])('with %s is malformed, and says no bridge in its words', (_, answer) => {
    let thrown: unknown
    try {
      parseMoatSettings(answer)
    } catch (error) {
      thrown = error
    }
    expect(isTorError(thrown, 'malformed')).toBe(true)
    expect(String(thrown)).not.toMatch(/192\.0\.2|cert=/)
  })

  it('is refused by its length before it is read', () => {
    expect(() => parseMoatSettings(Buffer.alloc(MAX_ANSWER_BYTES + 1, 0x20))).toThrow(
      expect.objectContaining({ kind: 'limit' }) as Error,
    )
  })

  it('is a value or a typed error, whatever it is made of', () => {
    const json = fc.oneof(
      fc.jsonValue(),
      fc.record(
        { settings: fc.jsonValue(), country: fc.jsonValue(), errors: fc.jsonValue() },
        { requiredKeys: [] },
      ),
      fc.record({
        settings: fc.array(
          fc.record({
            bridges: fc.record({
              type: fc.oneof(fc.constant('obfs4'), fc.string()),
              source: fc.constantFrom('builtin', 'bridgedb', 'x'),
              bridge_strings: fc.array(fc.oneof(fc.constant(LINE), fc.string())),
            }),
          }),
        ),
      }),
    )
    fc.assert(
      fc.property(json, (value) => {
        for (const parse of [parseMoatSettings, parseMoatBuiltIn, parseMoatMap]) {
          try {
            parse(bytes(value))
          } catch (error) {
            expect(isTorError(error, 'malformed')).toBe(true)
          }
        }
      }),
      { numRuns: 300 },
    )
  })

  it('cannot reach what all objects have', () => {
    const answer = Buffer.from('{"__proto__": {"settings": []}, "constructor": 1}')
    expect(() => parseMoatSettings(answer)).toThrow(/settings/)
  })
})
