import { homedir } from 'node:os'
import { describe, expect, test } from 'vitest'
import { parseCommandLine } from '../../../core/daemon/command-line.ts'
import { type FileAccess, defaultDataDirectory, loadSettings } from '../../../core/daemon/load-settings.ts'
import type { PortSetting } from '../../../core/daemon/options/port.ts'
import { OPTIONS } from '../../../core/daemon/options/table.ts'

const portOf = ({ address }: PortSetting) => (address?.kind === 'tcp' ? address.endpoint.port : undefined)

function files(content: Readonly<Record<string, string>>, env: FileAccess['env'] = {}): FileAccess {
  const byPath = new Map(Object.entries(content))
  return {
    env,
    read(path) {
      const text = byPath.get(path)
      if (text === 'UNREADABLE') throw new Error('EACCES: permission denied')
      return text
    },
    list(path) {
      const inside = [...byPath.keys()].filter((name) => name.startsWith(`${path.replace(/\/$/, '')}/`))
      if (inside.length === 0) return undefined
      const rest = inside.map((name) => name.slice(path.replace(/\/$/, '').length + 1))
      const names = new Set(rest.map((name) => name.split('/')[0] ?? ''))
      return [...names].map((name) => ({ name, isFolder: !rest.includes(name) }))
    },
    readStdin: () => byPath.get('-') ?? '',
  }
}

const load = (
  args: readonly string[],
  content: Readonly<Record<string, string>>,
  env: FileAccess['env'] = {},
) => loadSettings(parseCommandLine(args), files(content, env))

describe('settings are found', () => {
  test('in the file that -f names', () => {
    const { settings, torrcFile } = load(['-f', '/t'], { '/t': 'SafeLogging 0' })
    expect(settings.single(OPTIONS.safeLogging)).toBe('0')
    expect(torrcFile).toBe('/t')
  })

  test('on standard input', () => {
    expect(load(['-f', '-'], { '-': 'SafeLogging 0' }).settings.single(OPTIONS.safeLogging)).toBe('0')
  })

  test('in the usual file when no other is named, which may be missing', () => {
    const usual = `${homedir()}/.config/allium/torrc`
    expect(load([], { [usual]: 'SafeLogging 0' }).settings.single(OPTIONS.safeLogging)).toBe('0')
    expect(load([], {})).toMatchObject({ torrcFile: undefined })
    const env = { XDG_CONFIG_HOME: '/conf' }
    expect(load([], { '/conf/allium/torrc': 'SafeLogging 0' }, env).torrcFile).toBe('/conf/allium/torrc')
  })

  test('with the command line above the torrc above the defaults', () => {
    const content = {
      '/t': 'SocksPort 2\nSafeLogging 0',
      '/d': 'SocksPort 1\nSafeLogging relay\nAvoidDiskWrites 1',
    }
    const { settings } = load(
      ['-f', '/t', '--defaults-torrc', '/d', '--SocksPort', '3', '--+SocksPort', '4'],
      content,
    )
    expect(settings.list(OPTIONS.socksPort)?.map(portOf)).toEqual([3, 4])
    expect(settings.single(OPTIONS.safeLogging)).toBe('0')
    expect(settings.single(OPTIONS.avoidDiskWrites)).toBe(true)
  })

  test('and a bad torrc line is an error even where the command line overrides it by adding', () => {
    expect(() => load(['-f', '/t', '--+SocksPort', '1'], { '/t': 'SocksPort x' })).toThrow(
      '/t:1: SocksPort: ',
    )
  })
})

describe('%include takes', () => {
  const content = {
    '/etc/b.conf': 'SocksPort 2',
    '/etc/a.conf': 'SocksPort 1',
    '/etc/.hidden': 'Bogus 1',
    '/etc/sub/x': 'SocksPort 3',
    '/etc/sub/.y': 'SocksPort 4',
    '/etc/tub/x': 'SocksPort 5',
  }
  test.each([
    ['/etc/b.conf', [2]],
    ['"/etc/b.conf"', [2]],
    ['/etc', [1, 2]],
    ['/etc/', [1, 2]],
    ['/etc/*.conf', [1, 2]],
    ['/etc/?.conf', [1, 2]],
    ['/etc/s*', [3]],
    ['/etc/*ub', [3, 5]],
    ['/etc/*/x', [3, 5]],
    ['/etc/sub/.*', [4]],
    ['/etc/none*', undefined],
    ['/none/*.conf', undefined],
  ])('%s', (pattern, ports) => {
    const { settings } = load(['-f', '/t'], { ...content, '/t': `%include ${pattern}` })
    expect(settings.list(OPTIONS.socksPort)?.map(portOf)).toEqual(ports)
  })

  test.each(['/none', '/etc/[ab].conf', '', '"\\0"'])('nothing of %j, which is an error', (pattern) => {
    expect(() => load(['-f', '/t'], { ...content, '/t': `%include ${pattern}` })).toThrow(/^\/t:1: /)
  })

  test('a folder that includes itself up to a limit, not for ever', () => {
    const files = Object.fromEntries(
      ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'].map((name) => [`/in/${name}`, '%include /in']),
    )
    expect(() => load(['-f', '/in/a'], files)).toThrow(/%include: expected at most \d+ (levels|files)/)
  })
})

describe('a file that is named and missing', () => {
  test.each([
    [['-f', '/none'], 'the configuration file "/none" is not there'],
    [['--defaults-torrc', '/none'], 'the configuration file "/none" is not there'],
    [['-f', '/secret'], 'the configuration file "/secret" cannot be read: EACCES: permission denied'],
    [['-f', '/with'], '/with:1: %include: the configuration file "/none" is not there'],
  ])('%j is an error', (args, message) => {
    expect(() => load(args, { '/secret': 'UNREADABLE', '/with': '%include /none' })).toThrow(message)
  })

  test('is none with --ignore-missing-torrc', () => {
    expect(load(['-f', '/none', '--ignore-missing-torrc'], {}).torrcFile).toBeUndefined()
  })
})

test('state is kept where XDG says, and a relative value is ignored', () => {
  expect(defaultDataDirectory({})).toBe(`${homedir()}/.local/share/allium`)
  expect(defaultDataDirectory({ XDG_DATA_HOME: '/data' })).toBe('/data/allium')
  expect(defaultDataDirectory({ XDG_DATA_HOME: 'data' })).toBe(`${homedir()}/.local/share/allium`)
})
