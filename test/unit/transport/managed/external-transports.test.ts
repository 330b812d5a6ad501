/** Real processes that play plugins, good and bad; the clock is turned by hand, so that nothing waits. */
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { systemRandom } from '../../../../core/crypto/system-random.ts'
import { parseBridgeLine } from '../../../../core/linkspec/bridge-line.ts'
import {
  checkPlugins,
  ExternalTransports,
  type PluginSettings,
} from '../../../../core/transport/managed/external-transports.ts'
import { parseTransportPlugin } from '../../../../core/transport/managed/transport-plugin.ts'
import { NO_OUTSIDE } from '../../../../core/transport/outside.ts'
import { transportParts } from '../../../../core/transport/transport-parts.ts'
import type { UpstreamProxy } from '../../../../core/transport/upstream-proxy.ts'
import { TorError } from '../../../../core/util/errors.ts'
import { formatLogParts, Logger } from '../../../../core/util/log.ts'
import { FakeProxy, type ProxyScript } from '../../../network/fake-proxy.ts'
import { type ManualClock, manualClock } from '../../../support/manual-clock.ts'
import {
  isRunning,
  PluginFolder,
  scriptedPlugin,
  servingScript,
  until,
  UNTIL_STDIN_ENDS,
} from '../../../support/plugin-scripts.ts'

const BRIDGE = parseBridgeLine('fake 192.0.2.7:443 key=a;b')
const PROXY: UpstreamProxy = {
  kind: 'socks5',
  endpoint: { host: '127.0.0.1', port: 9 },
  credentials: { username: 'me', password: 'p@ss:word' },
}
/** What a plugin was asked, and how it was asked for a login. */
let asked: Buffer[] = []
let socks: FakeProxy
let folder: PluginFolder
let clock: ManualClock
let logged: string[]
let settings: PluginSettings
let transports: ExternalTransports
const opened: Duplex[] = []

/** The plugin's end of SOCKS5: takes any arguments, and then sends everything back. */
const echoing: ProxyScript = (said, socket) => {
  if (said.length === 3) socket.write(Buffer.of(5, said.readUInt8(2)))
  else if (said[2] === 2 && said.length > 5 && said.length < 3 + 3 + said.readUInt8(4) + 2) {
    socket.write(Buffer.of(1, 0))
  } else {
    asked.push(said)
    socket.write(Buffer.of(5, 0, 0, 1, 0, 0, 0, 0, 0, 0))
    socket.removeAllListeners('data')
    socket.pipe(socket)
  }
}
let answer: ProxyScript

beforeEach(async () => {
  asked = []
  logged = []
  answer = echoing
  socks = await FakeProxy.start(0, (said, socket: Socket, join) => answer(said, socket, join))
  folder = new PluginFolder()
  clock = manualClock()
  const log = new Logger(({ level, parts }) => logged.push(`${level} ${formatLogParts(parts, false)}`))
  settings = {
    transportPlugins: [scriptedPlugin(servingScript(socks.endpoint.port))],
    bridges: [BRIDGE],
    upstreamProxy: undefined,
    outboundBindAddress: { ipv4: undefined, ipv6: undefined },
    isNetworkDisabled: false,
    dataDirectory: folder.dataDirectory,
  }
  transports = new ExternalTransports(() => settings, { clock, random: systemRandom, log })
})

afterEach(async () => {
  for (const stream of opened.splice(0)) stream.destroy()
  await turningTheClock(transports.close())
  expect(folder.pids.filter(isRunning)).toEqual([])
  folder.remove()
  await socks.close()
})

function runs(script: string): void {
  settings = { ...settings, transportPlugins: [scriptedPlugin(script)] }
}

async function connect(signal = new AbortController().signal): Promise<Duplex> {
  const transport = transports.transportFor('fake')
  if (transport === undefined) throw new Error('there is no such transport')
  const way = { proxy: settings.upstreamProxy, localAddress: undefined }
  const parts = transportParts(way, NO_OUTSIDE, { clock, random: systemRandom })
  const stream = await transport.connect(BRIDGE, parts, signal)
  opened.push(stream)
  return stream
}

async function failure(promise: Promise<unknown>): Promise<TorError> {
  const error: unknown = await promise.catch((thrown: unknown) => thrown)
  if (!(error instanceof TorError)) throw new Error('it did not fail', { cause: error })
  return error
}

/** Lets what waits for time go on, a little at a time. */
async function turningTheClock<T>(promise: Promise<T>): Promise<T> {
  let isOver = false
  const over = (): void => {
    isOver = true
  }
  promise.then(over, over)
  while (!isOver) {
    clock.advance(20)
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
  return promise
}

describe('a program that speaks a transport', () => {
  test('is started when a bridge needs it, asked for the bridge with its arguments, and carries bytes', async () => {
    expect(folder.pids).toEqual([])
    const stream = await connect()
    expect(asked.map((bytes) => bytes.toString('latin1'))).toEqual([
      '\x05\x01\x02\x01\x08key=a\\;b\x01\x00\x05\x01\x00\x01\xc0\x00\x02\x07\x01\xbb',
    ])
    stream.write('hello')
    const echo = await new Promise<Buffer>((resolve) => stream.once('data', resolve).resume())
    expect(echo.toString()).toBe('hello')
  })

  test('is one for all its connections', async () => {
    await Promise.all([connect(), connect(), connect()])
    expect(folder.pids).toHaveLength(1)
  })

  test('has nothing of our environment, and what the protocol names', async () => {
    runs(`env > "$S/env"; ${servingScript(socks.endpoint.port)}`)
    await connect()
    const ofTheShell = ['PWD', 'OLDPWD', 'SHLVL', '_']
    const env = folder.lines('env').filter((line) => !ofTheShell.includes(line.split('=')[0] ?? ''))
    expect(env.sort()).toEqual([
      'TOR_PT_CLIENT_TRANSPORTS=fake',
      'TOR_PT_EXIT_ON_STDIN_CLOSE=1',
      'TOR_PT_MANAGED_TRANSPORT_VER=1',
      `TOR_PT_STATE_LOCATION=${folder.dataDirectory}/pt_state`,
    ])
  })

  test('is told of the proxy and the address to leave from', async () => {
    settings = {
      ...settings,
      upstreamProxy: PROXY,
      outboundBindAddress: { ipv4: '192.0.2.1', ipv6: '2001:db8::1' },
    }
    runs(`env > "$S/env"; ${servingScript(socks.endpoint.port, 'PROXY DONE\\n')}`)
    await connect()
    expect(folder.lines('env')).toEqual(
      expect.arrayContaining([
        'TOR_PT_PROXY=socks5://me:p%40ss%3Aword@127.0.0.1:9',
        'TOR_PT_OUTBOUND_BIND_ADDRESS_V4=192.0.2.1',
        'TOR_PT_OUTBOUND_BIND_ADDRESS_V6=[2001:db8::1]',
      ]),
    )
  })

  test.each([
    ['says that it cannot', 'PROXY-ERROR no such proxy me at 127.0.0.1\\n'],
    ['says nothing of it', ''],
  ])('that has to go through a proxy and %s is not used, and nothing goes around', async (_what, line) => {
    settings = { ...settings, upstreamProxy: PROXY }
    runs(servingScript(socks.endpoint.port, line))
    expect(await failure(connect())).toMatchObject({
      kind: 'proxy-failed',
      message: expect.stringContaining('the upstream proxy') as string,
    })
    expect(socks.clients).toEqual([])
    expect(logged.join()).not.toMatch(/127\.0|\bme\b|p@ss/)
  })
})

describe('a program that is no good', () => {
  test.each([
    ['ends at once', 'exit 3', /ended by itself with code 3/],
    ['is killed', 'kill -9 $$', /was ended by SIGKILL/],
    ['complains', "echo 'ENV-ERROR at 192.0.2.99'; exit 1", /environment/],
    ['speaks another version', "echo 'VERSION-ERROR no-version'; sleep 100", /version 1/],
    ['prints lines without end', 'yes', /writes without end/],
    ['prints a line without end', "yes | tr -d '\\n'", /breaks the protocol/],
    ['prints bytes', 'cat /dev/urandom', /breaks the protocol|writes without end/],
    [
      'does not have it',
      "printf 'VERSION 1\\nCMETHOD-ERROR fake no\\nCMETHODS DONE\\n'; cat",
      /does not offer/,
    ],
    ['listens elsewhere', "printf 'VERSION 1\\nCMETHOD fake socks5 192.0.2.1:1\\n'; cat", /this machine/],
  ])('because it %s is given up in words', async (_what, script, words) => {
    runs(`echo $$ >> "$S/pids"; ${script}`)
    const error = await failure(connect())
    expect(error).toMatchObject({ kind: 'channel-failed', message: expect.stringMatching(words) as string })
    expect(`${error.message} ${logged.join()}`).not.toContain('192.0.2')
  })

  test('because it is not there is given up in words', async () => {
    const plugin = { ...scriptedPlugin(''), program: '/nonexistent/program' }
    settings = { ...settings, transportPlugins: [plugin] }
    expect((await failure(connect())).message).toBe('the transport plugin cannot be started: ENOENT')
  })

  test('because it never gets ready is given up after ten seconds, and killed though it will not go', async () => {
    runs(`trap '' TERM; echo $$ >> "$S/pids"; while :; do sleep 100; done`)
    const connecting = failure(connect())
    await until(() => folder.pids.length > 0)
    clock.advance(9_999)
    expect(isRunning(folder.pids[0])).toBe(true)
    clock.advance(1)
    expect((await connecting).message).toBe('the transport plugin is not ready after 10 seconds')
    clock.advance(1_000)
    expect(isRunning(folder.pids[0])).toBe(true)
    clock.advance(1_000)
    await until(() => !isRunning(folder.pids[0]))
  })

  test('is started again at a pace that slows down, and then only told of', async () => {
    runs('echo x >> "$S/starts"; exit 1')
    let starts = 0
    for (;;) {
      const { message } = await turningTheClock(failure(connect()))
      if (/again and again; it is tried again in \d+ seconds/.test(message)) break
      starts++
      expect(starts).toBeLessThan(100)
    }
    expect(folder.lines('starts')).toHaveLength(starts)
    expect(starts).toBeGreaterThan(1)
  })

  test('says what it likes for our log, in words without addresses and in bounds', async () => {
    const log = 'LOG SEVERITY=warning MESSAGE="dial 192.0.2.9:443 refused"\\n'
    runs(
      `i=0; while [ $i -lt 200 ]; do printf '${log}'; i=$((i+1)); done; ${servingScript(socks.endpoint.port)}`,
    )
    await connect()
    const lines = logged.filter((line) => line.startsWith('warn'))
    expect(lines).toHaveLength(20)
    expect(new Set(lines)).toEqual(
      new Set(['warn The transport plugin for fake says: dial [scrubbed] refused']),
    )
  })
})

describe('a plugin that runs', () => {
  test('and is killed is started again for the next connection, with all that it had started ended', async () => {
    runs(`sleep 1000 & echo $! >> "$S/children"; ${servingScript(socks.endpoint.port)}`)
    await connect()
    const [pid = 0] = folder.pids
    process.kill(pid, 'SIGKILL')
    await until(() => logged.some((line) => line.includes('was ended by SIGKILL')))
    await until(() => !isRunning(Number(folder.lines('children')[0])))
    await turningTheClock(connect())
    expect(folder.pids).toHaveLength(2)
    expect(folder.pids.map(isRunning)).toEqual([false, true])
  })

  test('and then writes without end is ended, and nothing of it is read any more', async () => {
    const serving = servingScript(socks.endpoint.port).replace(UNTIL_STDIN_ENDS, 'yes')
    runs(serving)
    await connect()
    await until(() => !isRunning(folder.pids[0]))
    expect(logged.filter((line) => line.startsWith('warn'))).toEqual([
      'warn The transport plugin for fake writes without end, and is ended.',
    ])
  })

  test('needs a folder for its state', () => {
    settings = { ...settings, dataDirectory: undefined }
    expect(() => checkPlugins(settings)).toThrow(/needs a DataDirectory/)
  })

  test.each<[string, () => void]>([
    ['bridges are not used any more', () => (settings = { ...settings, bridges: undefined })],
    ['no bridge needs it any more', () => (settings = { ...settings, bridges: [] })],
    ['the network is disabled', () => (settings = { ...settings, isNetworkDisabled: true })],
    ['another program is to be used', () => runs(servingScript(socks.endpoint.port, 'STATUS x=y\\n'))],
    ['there is another proxy', () => (settings = { ...settings, upstreamProxy: PROXY })],
  ])('is stopped when %s, and one that was asked for before is not started', async (_when, change) => {
    await connect()
    const before = transports.transportFor('fake')
    const way = { proxy: undefined, localAddress: undefined }
    change()
    transports.settingsChanged()
    await until(() => !isRunning(folder.pids[0]))
    if (settings.bridges?.length === 1 && settings.upstreamProxy === undefined && !settings.isNetworkDisabled)
      return
    const parts = transportParts(way, NO_OUTSIDE, { clock, random: systemRandom })
    const late = before?.connect(BRIDGE, parts, new AbortController().signal) ?? Promise.resolve()
    expect(await failure(late)).toMatchObject({ kind: 'closed' })
    expect(folder.pids).toHaveLength(1)
  })

  test('stays when what changes is not its own', async () => {
    await connect()
    settings = { ...settings, bridges: [BRIDGE, parseBridgeLine('192.0.2.8:1')] }
    transports.settingsChanged()
    await connect()
    expect(folder.pids.map(isRunning)).toEqual([true])
  })

  test('is ended with the client, whatever it does about it', async () => {
    runs(`trap '' TERM; ${servingScript(socks.endpoint.port)}; while :; do sleep 1; done`)
    await connect()
    await turningTheClock(transports.close())
    expect(folder.pids.map(isRunning)).toEqual([false])
    expect(await failure(connect())).toMatchObject({ kind: 'closed' })
  })

  test('ends what was starting when nobody wants it any more', async () => {
    runs(`echo $$ >> "$S/pids"; ${UNTIL_STDIN_ENDS}`)
    const aborter = new AbortController()
    const connecting = failure(connect(aborter.signal))
    await until(() => folder.pids.length > 0)
    aborter.abort(new TorError('aborted', 'enough'))
    expect(await connecting).toMatchObject({ kind: 'aborted' })
    expect(folder.pids.map(isRunning)).toEqual([true])
    settings = { ...settings, bridges: undefined }
    transports.settingsChanged()
    await until(() => !isRunning(folder.pids[0]))
  })
})

describe('a plugin that lies about SOCKS', () => {
  const closes: ProxyScript = (_said, socket) => socket.destroy()
  const says =
    (...bytes: readonly number[]): ProxyScript =>
    (said, socket) => {
      if (said.length === 3) socket.write(Buffer.from(bytes))
    }
  test.each<[string, ProxyScript, RegExp]>([
    ['hangs up', closes, /closed the connection/],
    ['speaks HTTP', says(...Buffer.from('HTTP/1.1 400\r\n')), /does not speak SOCKS/],
    ['takes no arguments', says(5, 0xff), /arguments/],
    ['takes another login than was offered', says(5, 0), /does not speak SOCKS/],
    ['answers before it is asked', says(5, 2, 1, 0), /more than it was asked/],
  ])('and %s is given up in words', async (_what, script, words) => {
    answer = script
    expect(await failure(connect())).toMatchObject({
      kind: 'channel-failed',
      message: expect.stringMatching(words) as string,
    })
  })

  test.each([
    [1, /could not connect to the bridge/],
    [5, /was refused by the bridge/],
    [200, /could not connect to the bridge/],
  ])('or says %i of the bridge is told so', async (code, words) => {
    answer = (said, socket, join) => {
      if (said.length <= 15) echoing(said, socket, join)
      else socket.write(Buffer.of(5, code, 0, 1))
    }
    expect((await failure(connect())).message).toMatch(words)
  })

  test('and never answers is given up in time', async () => {
    answer = () => {}
    const connecting = failure(connect())
    await until(() => socks.clients.length > 0)
    const { message } = await turningTheClock(connecting)
    expect(message).toBe('the transport plugin does not reach the bridge in time')
  })
})

describe('a proxy that somebody else runs for a transport', () => {
  beforeEach(() => {
    const text = `fake socks5 127.0.0.1:${socks.endpoint.port}`
    settings = { ...settings, transportPlugins: [parseTransportPlugin(text)] }
  })

  test('is asked for the bridge, and nothing is started', async () => {
    await connect()
    expect(asked).toHaveLength(1)
  })

  test('is not used with an upstream proxy, which it could not be told of', async () => {
    settings = { ...settings, upstreamProxy: PROXY }
    expect(() => checkPlugins(settings)).toThrow(expect.objectContaining({ kind: 'bad-config' }))
    expect(await failure(connect())).toMatchObject({ kind: 'proxy-failed' })
    expect(socks.clients).toEqual([])
  })

  test('takes the arguments as a user id with SOCKS4', async () => {
    const text = `fake socks4 127.0.0.1:${socks.endpoint.port}`
    settings = { ...settings, transportPlugins: [parseTransportPlugin(text)] }
    answer = (said, socket) => {
      asked.push(said)
      socket.write(Buffer.of(0, 90, 0, 0, 0, 0, 0, 0))
    }
    await connect()
    expect(asked[0]?.toString('latin1')).toBe('\x04\x01\x01\xbb\xc0\x00\x02\x07key=a\\;b\x00')
  })
})
