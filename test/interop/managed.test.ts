/**
 * Through Debian's obfs4proxy as the client's own transport plugin, to C tor behind another obfs4proxy: the sockets of
 * the client and of the plugin are listed. And plugins that lie, hang and flood, made of a line of shell.
 */
import { spawn } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { type Obfs4BridgeNode, startObfs4Bridge } from './support/bridge-node.ts'
import { childrenOf } from './support/child-processes.ts'
import type { ClientProcess } from './support/client-process.ts'
import { expectNoProtocolWarnings } from './support/fixture.ts'
import { findFreePorts } from './support/free-ports.ts'
import { isAlive } from './support/process-stats.ts'
import { remotePortsOf, watchRemotePorts } from './support/relay-view.ts'
import { TELLING_LOG, TransportBench } from './support/transport-battery.ts'
import { waitFor } from './support/waiting.ts'

expectNoProtocolWarnings()
const PLUGIN = 'ClientTransportPlugin obfs4 exec /usr/bin/obfs4proxy'
const bench = new TransportBench()
let bridge: Obfs4BridgeNode
/** Of whatever is not this machine's own business: relays, directories, the bridge's two doors. */
let outside: ReadonlySet<number>

beforeAll(async () => {
  bridge = await startObfs4Bridge(inject('network'), 'managed', 0)
  const { nodes } = inject('network')
  const ports = [...nodes, bridge.record].flatMap(({ orPort, dirPort }) => [orPort, dirPort])
  outside = new Set([...ports, bridge.obfs4Port])
})

afterAll(() => bridge.remove())

const outsideAmong = (ports: Iterable<number>): number[] => [...ports].filter((port) => outside.has(port))

async function pluginOf(client: ClientProcess): Promise<number> {
  return waitFor('the plugin to run', 20_000, () => childrenOf(client.pid)[0])
}

async function download(client: ClientProcess): Promise<void> {
  await waitFor('a download', 60_000, () => bench.tryDownload(client))
}

async function untilGone(pid: number): Promise<void> {
  await waitFor('the plugin to end', 10_000, () => (isAlive(pid) ? undefined : true))
}

/** Changes the torrc and has it read again. */
function reload(client: ClientProcess, torrc: string): void {
  writeFileSync(client.home.torrc, torrc)
  process.kill(client.pid, 'SIGHUP')
}

describe('obfs4proxy as a transport plugin', () => {
  test('carries a client that has never run, alone, and 20 MB pass unchanged each way', async () => {
    const client = await bench.begin(bridge.line, PLUGIN)
    const watch = watchRemotePorts(client.pid)
    const plugin = await pluginOf(client)
    const ofPlugin = watchRemotePorts(plugin)
    await client.bootstrapped()
    expect(outsideAmong(await watch.stop())).toEqual([])
    expect(outsideAmong(await ofPlugin.stop())).toEqual([bridge.obfs4Port])
    await bench.expectWholeBothWays(client, 20_000_000)
    expect(outsideAmong(remotePortsOf(client.pid))).toEqual([])
    expect(childrenOf(client.pid)).toEqual([plugin])
    await client.end('SIGTERM')
    expect(isAlive(plugin)).toBe(false)
  })

  test('is started again when it was killed, and ends with a client that is killed', async () => {
    const client = await bench.begin(bridge.line, PLUGIN)
    await client.bootstrapped()
    const first = await pluginOf(client)
    process.kill(first, 'SIGKILL')
    await untilGone(first)
    await download(client)
    const [second = 0, ...others] = childrenOf(client.pid)
    expect([second === first, others]).toEqual([false, []])
    await client.end('SIGKILL')
    await untilGone(second)
  })

  test('is stopped and started by a reload, as bridges come and go and the network is disabled', async () => {
    const direct = await bench.begin(bridge.line, PLUGIN)
    await direct.bootstrapped()
    const torrc = readFileSync(direct.home.torrc, 'utf8')
    const first = await pluginOf(direct)
    reload(direct, `${torrc}\nDisableNetwork 1\n`)
    await untilGone(first)
    reload(direct, torrc)
    await download(direct)
    const second = await pluginOf(direct)
    reload(direct, torrc.replace('UseBridges 1', 'UseBridges 0'))
    await untilGone(second)
    await download(direct)
    expect(childrenOf(direct.pid)).toEqual([])
    // Our own obfs4 takes over where the line is gone.
    reload(direct, torrc.replace(PLUGIN, ''))
    await waitFor('a connection of our own', 30_000, () =>
      remotePortsOf(direct.pid).includes(bridge.obfs4Port) ? true : undefined,
    )
    await download(direct)
    expect(childrenOf(direct.pid)).toEqual([])
  })

  test('goes through the upstream proxy, and the client connects to nothing but the plugin', async () => {
    const [port = 0] = await findFreePorts(1)
    const proxy = spawn('microsocks', ['-i', '127.0.0.1', '-p', String(port)], { stdio: 'ignore' })
    try {
      const client = await bench.begin(bridge.line, PLUGIN, `Socks5Proxy 127.0.0.1:${port}`)
      const watch = watchRemotePorts(client.pid)
      const ofPlugin = watchRemotePorts(await pluginOf(client))
      await client.bootstrapped()
      // The web server is in this process, which watching keeps busy.
      const [seen, seenByPlugin] = [await watch.stop(), await ofPlugin.stop()]
      await download(client)
      expect([outsideAmong(seen), seen.has(port)]).toEqual([[], false])
      expect([outsideAmong(seenByPlugin), seenByPlugin.has(port)]).toEqual([[], true])
    } finally {
      proxy.kill()
    }
  })
})

/** What the program prints before it waits, does, or ends as the rest says. */
const says = (...lines: readonly string[]): string => `printf '${lines.map((line) => `${line}\\n`).join('')}'`
const WAITS = 'exec cat >/dev/null'

describe('a plugin that is no good is given up in words, ended, and nothing is dialled instead:', () => {
  test.each([
    ['one that hangs', WAITS, [], /is not ready after 10 seconds/],
    ['one that ends', 'exit 7', [], /ended by itself with code 7/],
    ['one that prints garbage', 'cat /dev/urandom', [], /writes without end|breaks the protocol/],
    [
      'one that listens elsewhere',
      `${says('VERSION 1', 'CMETHOD obfs4 socks5 192.0.2.1:80', 'CMETHODS DONE')}; ${WAITS}`,
      [],
      /not of this machine/,
    ],
    [
      'one whose address nobody answers at',
      `${says('VERSION 1', 'CMETHOD obfs4 socks5 127.0.0.1:1', 'CMETHODS DONE')}; ${WAITS}`,
      [],
      /cannot be reached: ECONNREFUSED/,
    ],
    ['one that wants another version', `${says('VERSION-ERROR no-version')}; ${WAITS}`, [], /version 1/],
    [
      'one that does not go through the proxy',
      `${says('VERSION 1', 'PROXY-ERROR no', 'CMETHODS DONE')}; ${WAITS}`,
      ['Socks5Proxy 127.0.0.1:9'],
      /does not take the upstream proxy/,
    ],
  ])('%s', async (_what, script, more, words) => {
    const client = await bench.begin(bridge.line, 'DisableNetwork 1', TELLING_LOG, ...more)
    const file = join(client.home.torrc, '..', 'plugin.sh')
    writeFileSync(file, `${script}\n`)
    const torrc = readFileSync(client.home.torrc, 'utf8').replace('DisableNetwork 1', '')
    await client.waitForLog(/DisableNetwork is set/, 10_000)
    const watch = watchRemotePorts(client.pid)
    reload(client, `${torrc}\nClientTransportPlugin obfs4 exec /bin/sh ${file}\n`)
    await client.waitForLog(words, 40_000)
    expect(outsideAmong(await watch.stop())).toEqual([])
    const left = childrenOf(client.pid)
    await client.end('SIGTERM')
    expect(left.filter(isAlive)).toEqual([])
  })
})
