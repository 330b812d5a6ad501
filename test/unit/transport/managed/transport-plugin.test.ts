import { describe, expect, test } from 'vitest'
import { parseBridgeLine } from '../../../../core/linkspec/bridge-line.ts'
import {
  isPluginNeeded,
  parseTransportPlugin,
  pluginFor,
} from '../../../../core/transport/managed/transport-plugin.ts'

describe('a ClientTransportPlugin line', () => {
  test.each([
    [
      'obfs4 exec /usr/bin/obfs4proxy',
      { kind: 'exec', transports: ['obfs4'], program: '/usr/bin/obfs4proxy', args: [] },
    ],
    [
      'a,b,,a exec\t./x  -v --to  "quoted',
      { kind: 'exec', transports: ['a', 'b'], program: './x', args: ['-v', '--to', '"quoted'] },
    ],
    [
      'obfs4 socks5 127.0.0.1:9999 more',
      { kind: 'socks5', transports: ['obfs4'], endpoint: { host: '127.0.0.1', port: 9999 } },
    ],
    ['x socks4 [::1]:05', { kind: 'socks4', transports: ['x'], endpoint: { host: '::1', port: 5 } }],
  ])('%j names transports and who speaks them', (text, plugin) => {
    expect(parseTransportPlugin(text)).toEqual(plugin)
  })

  test.each([
    '',
    'obfs4',
    'obfs4 exec',
    ', exec x',
    'ob-fs exec x',
    '4obfs exec x',
    'obfs4 , exec x',
    'obfs4 EXEC x',
    'obfs4 proxy 127.0.0.1:1',
    'a,b socks5 127.0.0.1:1',
    'a socks5 127.0.0.1',
    'a socks5 127.0.0.1:0',
    'a socks5 127.0.0.1:65536',
    'a socks5 ::1:80',
    'a socks5 [::1%lo]:80',
    'a socks5 localhost:80',
    'a socks5 [127.0.0.1]:80',
  ])('%j is refused in words', (text) => {
    expect(() => parseTransportPlugin(text)).toThrow(
      expect.objectContaining({
        kind: 'bad-config',
        message: expect.stringMatching(/^[a-z].{20,}/) as string,
      }),
    )
  })
})

test('the first plugin that names a transport has it, and is needed while a bridge has that transport', () => {
  const plugins = ['a,b exec x', 'b,c exec y'].map(parseTransportPlugin)
  const [x, y] = plugins
  if (x === undefined || y === undefined) throw new Error('there are two')
  expect(['a', 'b', 'c', 'd', undefined].map((name) => pluginFor(plugins, name))).toEqual([
    x,
    x,
    y,
    undefined,
    undefined,
  ])
  const bridges = [parseBridgeLine('b 192.0.2.1:1'), parseBridgeLine('192.0.2.2:1')]
  expect([x, y].map((plugin) => isPluginNeeded(plugin, plugins, bridges))).toEqual([true, false])
  expect([x, y].map((plugin) => isPluginNeeded(plugin, plugins, undefined))).toEqual([false, false])
})
