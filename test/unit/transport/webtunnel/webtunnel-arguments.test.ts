/** The arguments of webtunnel lines: taken as lyrebird takes them, or refused without a word of them. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseBridgeLine } from '../../../../core/linkspec/bridge-line.ts'
import { checkBridges } from '../../../../core/transport/pluggable-transport.ts'
import {
  parseWebtunnelArguments,
  type WebtunnelArguments,
} from '../../../../core/transport/webtunnel/webtunnel-arguments.ts'
import { TorError } from '../../../../core/util/errors.ts'

const HASH = Buffer.alloc(32, 7).toString('base64')

function line(args: string): ReturnType<typeof parseBridgeLine> {
  return parseBridgeLine(`webtunnel [2001:db8::1]:443 ${'A'.repeat(40)} ${args}`)
}

const BASICS: WebtunnelArguments = {
  isTls: true,
  dialled: { host: 'web.example', port: 443 },
  host: 'web.example',
  path: '/secret',
  serverNames: ['web.example'],
  certificateName: undefined,
  chainHash: undefined,
}

test.each<[string, Partial<WebtunnelArguments>]>([
  ['url=https://web.example/secret ver=0.0.3', {}],
  ['url=https://Web.Example/secret utls=hellochrome_auto', {}],
  ['url=https://web.example:8443/secret', { dialled: { host: 'web.example', port: 8443 } }],
  ['url=https://web.example/a%20b/c?d=e#f', { path: '/a%20b/c' }],
  ['url=https://web.example', { path: '/' }],
  ['url=http://web.example/secret', { isTls: false, dialled: { host: 'web.example', port: 80 } }],
  ['url=https://web.example/secret addr=192.0.2.7:8443', { dialled: { host: '192.0.2.7', port: 8443 } }],
  ['url=https://web.example/secret addr=[2001:db8::7]:443', { dialled: { host: '2001:db8::7', port: 443 } }],
  ['url=https://web.example/secret addr=Cdn.example:443', { dialled: { host: 'cdn.example', port: 443 } }],
  [
    'url=https://[2001:db8::9]/secret',
    { dialled: { host: '2001:db8::9', port: 443 }, host: '2001:db8::9', serverNames: ['2001:db8::9'] },
  ],
  [
    'url=https://web.example/secret servername=a.example,,B.example',
    { serverNames: ['a.example', 'b.example'] },
  ],
  [
    'url=https://web.example/secret sni-imitation=a.example',
    { serverNames: ['a.example'], certificateName: 'web.example' },
  ],
  [
    'url=https://web.example/secret sni-imitation=a.example servername=b.example',
    { serverNames: ['b.example'], certificateName: 'web.example' },
  ],
  [
    'url=https://web.example/secret servername=a.example cert-domain=c.example',
    { serverNames: ['a.example'], certificateName: 'c.example' },
  ],
  [`url=https://web.example/secret cert=${HASH}`, { chainHash: Buffer.alloc(32, 7) }],
])('"%s" is taken apart', (args, expected) => {
  expect(parseWebtunnelArguments(line(args))).toEqual({ ...BASICS, ...expected })
})

describe('a line is refused, in words without any part of it,', () => {
  test.each([
    ['without a url', 'ver=0.0.3'],
    ['with two of them', 'url=https://hushhush.example/ url=https://hushhush.example/'],
    ['with a url of another scheme', 'url=ftp://hushhush.example/'],
    ['with a url that is none', 'url=hushhush'],
    ['with a url with a password', 'url=https://hushhush:x@web.example/'],
    ['with a url of port 0', 'url=https://hushhush.example:0/'],
    ['with an addr without a port', 'url=https://web.example/ addr=hushhush.example'],
    ['with an addr of port 65536', 'url=https://web.example/ addr=hushhush.example:65536'],
    ['with an addr in wrong brackets', 'url=https://web.example/ addr=[hushhush]:443'],
    ['with an empty servername', 'url=https://web.example/ servername=,'],
    ['with a servername that is none', 'url=https://web.example/ servername=hush/hush'],
    ['with a cert-domain for anybody', 'url=https://web.example/ cert-domain=*'],
    ['with a cert of another length', 'url=https://web.example/ cert=aHVzaGh1c2g='],
    ['with a cert that is no base64', `url=https://web.example/ cert=hushhush${'*'.repeat(36)}`],
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
  const key = fc.constantFrom('url', 'addr', 'servername', 'sni-imitation', 'cert', 'cert-domain')
  const value = fc.oneof(
    word,
    word.map((text) => `https://${text}`),
    word.map((text) => `${text}:443`),
  )
  fc.assert(
    fc.property(fc.array(fc.tuple(key, value), { maxLength: 5 }), (args) => {
      try {
        const { dialled, serverNames, path } = parseWebtunnelArguments({ ...line('url=x'), args })
        expect(dialled.port).toBeGreaterThan(0)
        expect(serverNames.length).toBeGreaterThan(0)
        expect(path).toMatch(/^\/[!-~]*$/)
      } catch (error) {
        expect(error).toMatchObject({ kind: 'bad-config' })
      }
    }),
    { numRuns: 500 },
  )
})
