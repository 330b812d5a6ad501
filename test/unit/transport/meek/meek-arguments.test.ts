/** The arguments of meek_lite lines: taken as lyrebird takes them, or refused without a word of them. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseBridgeLine } from '../../../../core/linkspec/bridge-line.ts'
import { checkBridges } from '../../../../core/transport/pluggable-transport.ts'
import { parseMeekArguments } from '../../../../core/transport/meek/meek-arguments.ts'
import { TorError } from '../../../../core/util/errors.ts'

function line(args: string): ReturnType<typeof parseBridgeLine> {
  return parseBridgeLine(`meek_lite 192.0.2.20:80 ${args}`)
}

/** As Tor Browser has them. */
const BUILT_IN = 'url=https://1603026938.rsc.cdn77.org front=www.phpmyadmin.net utls=HelloRandomizedALPN'
const MOAT = 'targets=https://1723079976.rsc.cdn77.org|cdn.zk.mk+www.cdn77.com'

test.each([
  [BUILT_IN, [{ url: 'https://1603026938.rsc.cdn77.org', front: 'www.phpmyadmin.net' }]],
  [
    MOAT,
    [
      { url: 'https://1723079976.rsc.cdn77.org', front: 'cdn.zk.mk' },
      { url: 'https://1723079976.rsc.cdn77.org', front: 'www.cdn77.com' },
    ],
  ],
  ['url=http://a.example/b', [{ url: 'http://a.example/b', front: undefined }]],
  [
    'url=https://a.example fronts=b.example,c.example:8443',
    [
      { url: 'https://a.example', front: 'b.example' },
      { url: 'https://a.example', front: 'c.example:8443' },
    ],
  ],
  [
    'targets=https://a.example|b.example,https://c.example',
    [
      { url: 'https://a.example', front: 'b.example' },
      { url: 'https://c.example', front: undefined },
    ],
  ],
])('"%s" is taken apart', (args, expected) => {
  expect(parseMeekArguments(line(args))).toEqual(expected)
})

describe('a line is refused, in words without any part of it,', () => {
  test.each([
    ['without a url', 'front=hushhush.example'],
    ['with two of them', 'url=https://hushhush.example url=https://hushhush.example'],
    ['with a url of another scheme', 'url=ftp://hushhush.example'],
    ['with a url that is none', 'url=hushhush'],
    ['with a front that is no name', 'url=https://a.example front=hush/hush'],
    ['with a front of port 0', 'url=https://a.example front=hushhush:0'],
    ['with no targets', 'targets=,'],
    ['with a target that is no url', 'targets=hushhush|b.example'],
    ['with a target in three parts', 'targets=https://a.example|b.example|hushhush'],
    ['with very many targets', `targets=https://a.example|${Array(65).fill('hushhush').join('+')}`],
  ])('%s', (_, args) => {
    expect(() => checkBridges([line(args)], [])).toThrow(TorError)
    try {
      checkBridges([line(args)], [])
    } catch (error) {
      expect(error).toMatchObject({ kind: 'bad-config' })
      expect(String(error)).not.toMatch(/hush/)
    }
  })
})

test('whatever stands in a line, it is taken or refused in words', () => {
  const word = fc.stringMatching(/^[!-~]{0,40}$/)
  const value = fc.oneof(
    word,
    word.map((text) => `https://${text}`),
    word.map((text) => `https://a.example|${text}`),
  )
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.constantFrom('url', 'front', 'targets'), value), { maxLength: 4 }),
      (args) => {
        try {
          expect(parseMeekArguments({ ...line('url=x'), args }).length).toBeGreaterThan(0)
        } catch (error) {
          expect(error).toMatchObject({ kind: 'bad-config' })
        }
      },
    ),
    { numRuns: 500 },
  )
})
