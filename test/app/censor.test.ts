/**
 * A censor stands between the app and the network, and the Connect button gets through by itself: each way that it tried
 * is a row, with why it stopped. Whoever hides goes by nothing that gives them away, whatever fails.
 */
import { writeFileSync } from 'node:fs'
import { connect as connectTcp, type Socket } from 'node:net'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest'
import type { AttemptView } from '../../electron/ipc/snapshot-connection.ts'
import { type Obfs4BridgeNode, startObfs4Bridge } from '../interop/support/bridge-node.ts'
import { CensorGateway, type CensorRule } from '../interop/support/censor-gateway.ts'
import { curl } from '../interop/support/curl.ts'
import { findFreePorts } from '../interop/support/free-ports.ts'
import { SnowflakePeer } from '../interop/support/snowflake-peer.ts'
import { startWebServer, type TestServer } from '../interop/support/test-servers.ts'
import type { TorNetworkRecord } from '../interop/support/tor-network.ts'
import { startWebtunnelBridge, type WebtunnelBridgeNode } from '../interop/support/webtunnel-bridge.ts'
import { type MoatServer, startMoatServer } from '../support/moat-server.ts'
import { framesOf, ListeningObfs4Server } from '../support/obfs4-server.ts'
import { createHome } from './support/app-home.ts'
import { launchApp, type RunningApp } from './support/launch-app.ts'
import { watchRelaysDialled } from './support/relays-dialled.ts'
import { startSnowflakeFront } from './support/snowflake-front.ts'
import { trustTestAuthority } from './support/trust-authority.ts'

/** Two ways that stand still, each for as long as the watchdog's patience, and one that works. */
const THROUGH_LIMIT_MS = 200_000

let listed: Obfs4BridgeNode
let unlisted: Obfs4BridgeNode
let webtunnel: WebtunnelBridgeNode
let service: MoatServer
let tunnel: ListeningObfs4Server
let web: TestServer

let gateway: CensorGateway
let network: TorNetworkRecord
/** Behind the gateway: the one that everybody knows, and the one that is given out on request. */
let listedLine: string
let unlistedLine: string
let webtunnelLine: string

const cleanUps: (() => Promise<void> | void)[] = []

beforeAll(async () => {
  ;[listed, unlisted, webtunnel] = await Promise.all([
    startObfs4Bridge(inject('network'), 'listed', 0),
    startObfs4Bridge(inject('network'), 'unlisted', 0),
    startWebtunnelBridge(inject('network'), 'webtunnel'),
  ])
  const answer = (): unknown => ({
    country: 'cn',
    settings: [{ bridges: { type: 'obfs4', source: 'bridgedb', bridge_strings: [unlistedLine] } }],
  })
  service = await startMoatServer({ answer })
  tunnel = await ListeningObfs4Server.start()
  tunnel.script = { onPayload: tunnelTo(service.port) }
  web = await startWebServer()
})

afterAll(async () => {
  listed.remove()
  unlisted.remove()
  webtunnel.remove()
  await tunnel.close()
  await service.close()
  await web.close()
})

beforeEach(async () => {
  gateway = new CensorGateway()
  cleanUps.push(() => gateway.close())
  network = await gateway.standBefore(inject('network'))
  listedLine = await behind(gateway, listed)
  unlistedLine = await behind(gateway, unlisted, 'other')
  webtunnelLine = webtunnel.lineAt(await gateway.open('webtunnel', webtunnel.port))
})

afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

async function behind(
  censor: CensorGateway,
  bridge: Obfs4BridgeNode,
  traffic: 'obfs4' | 'other' = 'obfs4',
): Promise<string> {
  return bridge.line.replace(`:${bridge.obfs4Port} `, `:${await censor.open(traffic, bridge.obfs4Port)} `)
}

/** The other end of the tunnel to the bridge service: one connection for each of its own. */
function tunnelTo(port: number): NonNullable<ListeningObfs4Server['script']['onPayload']> {
  const ends = new WeakMap<Socket, Socket>()
  return (payload, session, socket) => {
    let end = ends.get(socket)
    if (end === undefined) {
      end = connectTcp(port, '127.0.0.1')
      ends.set(socket, end)
      end.on('data', (bytes: Buffer) => socket.write(framesOf(session, bytes)))
      end.on('close', () => socket.destroy())
      end.on('error', () => undefined)
      socket.on('close', () => end?.destroy())
    }
    end.write(payload)
  }
}

async function open(
  settings: Readonly<Record<string, unknown>>,
  builtIn: Readonly<Record<string, readonly string[]>> = { obfs4: [listedLine] },
): Promise<RunningApp & { httpPort: number }> {
  const [socksPort, httpPort = 0] = await findFreePorts(2)
  const home = createHome({ network, settings: { socksPort, httpPort, ...settings } })
  cleanUps.push(() => home.remove())
  trustTestAuthority(home)
  const fronts = { front: [tunnel.line()], 'older-front': [], 'other-front': [] }
  const files = {
    ALLIUM_BUILT_IN_BRIDGES_FILE: builtIn,
    ALLIUM_BRIDGE_SERVICE_FILE: { ...service.service, fronts },
  }
  const env = Object.entries(files).map(([name, content]) => {
    const file = join(home.folder, `${name}.json`)
    writeFileSync(file, JSON.stringify(content))
    return [name, file]
  })
  const app = await launchApp(home, { env: Object.fromEntries(env) as Record<string, string> })
  cleanUps.push(() => app.close())
  return { ...app, httpPort }
}

async function connected(app: RunningApp): Promise<readonly AttemptView[]> {
  const { connection } = await app.waitForSnapshot(
    'the way through',
    (snapshot) => snapshot.connection.state === 'connected',
    THROUGH_LIMIT_MS,
  )
  return connection.attempts
}

async function visits({ httpPort }: { readonly httpPort: number }): Promise<string> {
  const proxy = ['--proxy', `http://127.0.0.1:${httpPort}`, '--proxytunnel']
  return (await curl(...proxy, `http://ok.test:${web.port}/`)).body
}

/** The rows on the screen, the newest first: how each ended, and its words. */
async function rows(app: RunningApp): Promise<readonly { outcome: string | null; words: string }[]> {
  const items = app.page.locator('li[data-outcome]')
  await items.first().waitFor()
  return Promise.all(
    (await items.all()).map(async (item) => ({
      outcome: await item.getAttribute('data-outcome'),
      words: await item.innerText(),
    })),
  )
}

describe('a censor that resets every connection to a relay', () => {
  it(
    'is got around by a built-in bridge, with one press of Connect',
    async () => {
      gateway.censor({ relay: 'reset' })
      const app = await open({ entry: 'direct' })
      await app.page.click('[data-press="connect"]')
      expect(await connected(app)).toMatchObject([
        {
          way: { kind: 'direct' },
          outcome: 'failed',
          step: 'reach-network',
          next: 'next-way',
          nextWay: { kind: 'bridges', transports: ['obfs4'] },
        },
        { way: { kind: 'bridges', transports: ['obfs4'], count: 1 }, outcome: 'connected' },
      ])
      const shown = await rows(app)
      expect(shown.map(({ outcome }) => outcome)).toEqual(['connected', 'failed'])
      expect(shown[0]?.words).toMatch(/obfs4/)
      expect(shown[1]?.words).toMatch(/Directly[\s\S]*Next: /)
      expect(await visits(app)).toBe('hello')
      expect(new Set(gateway.seen)).toEqual(new Set(['relay', 'obfs4']))
      expect(gateway.seen.lastIndexOf('relay')).toBeLessThan(gateway.seen.indexOf('obfs4'))
      const { ways } = await app.snapshot()
      expect(ways).toMatchObject({ state: 'found', found: { source: 'built-in' }, rememberedNetworks: 1 })
    },
    THROUGH_LIMIT_MS,
  )
})

describe('a censor that swallows relays and cuts off listed bridges', () => {
  it(
    'is got around by a bridge on request, which the app asks for by itself',
    async () => {
      gateway.censor({ relay: 'blackhole', obfs4: 'drop' })
      const app = await open({ entry: 'direct', country: 'by' })
      await app.page.click('[data-press="connect"]')
      const attempts = await connected(app)
      expect(attempts.map(({ way, outcome, next }) => [way.kind, way.source, outcome, next])).toEqual([
        ['direct', undefined, 'stalled', 'next-way'],
        ['bridges', 'map', expect.stringMatching(/stalled|failed/), 'asking-help'],
        ['bridges', 'help', 'connected', 'none'],
      ])
      expect((await rows(app)).map(({ outcome }) => outcome)[0]).toBe('connected')
      expect(await visits(app)).toBe('hello')
      expect(service.asked.at(-1)?.body).toMatchObject({ country: 'by' })
      const { ways } = await app.snapshot()
      expect(ways.help).toMatchObject({ state: 'answered', tries: [{ path: 'front', outcome: 'answered' }] })
    },
    THROUGH_LIMIT_MS,
  )
})

describe('a censor that lets nothing through but what looks like the web', () => {
  it(
    'is got around by webtunnel, after relays and a listed bridge were tried',
    async () => {
      gateway.censor({ relay: 'drop', obfs4: 'reset', other: 'reset' })
      const builtIn = { obfs4: [listedLine], webtunnel: [webtunnelLine] }
      const app = await open({ entry: 'direct' }, builtIn)
      await app.page.click('[data-press="connect"]')
      const attempts = await connected(app)
      expect(
        attempts.map(({ way, outcome }) => [way.kind === 'direct' ? way.kind : way.transports[0], outcome]),
      ).toEqual([
        ['direct', expect.stringMatching(/stalled|failed/)],
        ['obfs4', 'failed'],
        ['webtunnel', 'connected'],
      ])
      const shown = await rows(app)
      expect(shown.map(({ words }) => /webtunnel|obfs4|directly/i.exec(words)?.[0].toLowerCase())).toEqual([
        'webtunnel',
        'obfs4',
        'directly',
      ])
      expect(await visits(app)).toBe('hello')
    },
    THROUGH_LIMIT_MS,
  )
})

describe('a censor that lets nothing through but what looks like a video call', () => {
  it(
    'is got around by Snowflake, after relays and a listed bridge were tried',
    async () => {
      const peer = await SnowflakePeer.start(inject('network'))
      cleanUps.push(() => peer.remove())
      const front = await startSnowflakeFront(peer)
      cleanUps.push(() => front.close())
      const snowflake = [front.lineAt(await gateway.open('snowflake', front.port))]
      gateway.censor({ relay: 'reset', obfs4: 'reset', other: 'reset', webtunnel: 'reset' })
      const app = await open(
        { entry: 'direct' },
        { obfs4: [listedLine], webtunnel: [webtunnelLine], snowflake },
      )
      await app.page.click('[data-press="connect"]')
      const attempts = await connected(app)
      expect(
        attempts.map(({ way, outcome }) => [way.kind === 'direct' ? way.kind : way.transports[0], outcome]),
      ).toEqual([
        ['direct', 'failed'],
        ['obfs4', 'failed'],
        ['webtunnel', 'failed'],
        ['snowflake', 'connected'],
      ])
      // The newest three are shown; the first of all is a press away.
      const shown = await rows(app)
      expect(shown.map(({ outcome }) => outcome)).toEqual(['connected', 'failed', 'failed'])
      expect(shown[0]?.words).toMatch(/snowflake/i)
      expect(await visits(app)).toBe('hello')
    },
    THROUGH_LIMIT_MS,
  )
})

describe('a censor that somebody lives behind', () => {
  it(
    'costs seconds from the second start on, and is not believed to be there for ever',
    async () => {
      // A relay's address stands in the list of relays: so that none is reached past the censor, it is the only way out.
      const port = await gateway.standAsProxy(inject('network'))
      const upstreamProxy = { kind: 'socks5', host: '127.0.0.1', port }
      const app = await open({ entry: 'direct', upstreamProxy })
      const start = async (rule: CensorRule): Promise<readonly AttemptView[]> => {
        gateway.censor({ relay: rule })
        const before = (await app.snapshot()).connection.attempts.length
        await app.invoke('connection.start')
        const attempts = await connected(app)
        await app.invoke('connection.stop')
        return attempts.slice(before)
      }
      const builtIn = { way: { kind: 'bridges', source: 'built-in' }, outcome: 'connected' }
      const remembered = { way: { kind: 'bridges', source: 'remembered' }, outcome: 'connected' }
      const direct = { way: { kind: 'direct' }, next: 'next-way' }
      expect(await start('reset')).toMatchObject([{ ...direct, outcome: 'failed' }, builtIn])
      const silence = { outcome: 'stalled', reason: { kind: 'brief-silence' } }
      expect(await start('blackhole')).toMatchObject([{ ...direct, ...silence }, remembered])
      expect(await start('reset')).toMatchObject([{ ...direct, outcome: 'failed' }, remembered])
      expect(await start('pass')).toMatchObject([{ way: { kind: 'direct' }, outcome: 'connected' }])
    },
    THROUGH_LIMIT_MS,
  )
})

describe('somebody who hides that they use Tor, behind a censor', () => {
  it(
    'gets through by what looks like the web when their own bridge fails, and by nothing that is on a list',
    async () => {
      gateway.censor({ relay: 'reset', obfs4: 'reset', other: 'reset' })
      const builtIn = { obfs4: [listedLine], webtunnel: [webtunnelLine] }
      const app = await open({ entry: 'hide', useBridges: true }, builtIn)
      const watch = watchRelaysDialled(app, inject('network'))
      cleanUps.push(() => void watch.stop())
      await app.invoke('bridges.add', unlistedLine)
      await app.page.click('[data-press="connect"]')
      const attempts = await connected(app)
      expect(attempts.map(({ way, outcome }) => [way.kind, way.source, outcome])).toEqual([
        ['bridges', undefined, 'failed'],
        ['bridges', 'built-in', 'connected'],
      ])
      expect(await visits(app)).toBe('hello')
      expect(new Set(gateway.seen)).toEqual(new Set(['other', 'webtunnel']))
      expect([...watch.stop()]).toEqual([])
    },
    THROUGH_LIMIT_MS,
  )

  it(
    'dials nothing at all after everything has failed, but what it has dialled before',
    async () => {
      gateway.censor({ relay: 'pass', obfs4: 'pass', other: 'reset' })
      const app = await open({ entry: 'hide', useBridges: true })
      const watch = watchRelaysDialled(app, inject('network'))
      cleanUps.push(() => void watch.stop())
      await app.invoke('bridges.add', unlistedLine)
      await app.invoke('connection.start')
      await app.waitForSnapshot('the censor to be seen', ({ connection }) => connection.state === 'blocked')
      await app.page.waitForTimeout(15_000)
      expect(new Set(gateway.seen)).toEqual(new Set(['other']))
      expect([...watch.stop()]).toEqual([])
    },
    THROUGH_LIMIT_MS,
  )

  it(
    'never dials a relay, nor a bridge that is on everybody’s list, and gets through by what they asked for',
    async () => {
      gateway.censor({ relay: 'reset', obfs4: 'reset' })
      const app = await open({ entry: 'hide', useBridges: true })
      const watch = watchRelaysDialled(app, inject('network'))
      cleanUps.push(() => void watch.stop())
      await app.invoke('connection.start')
      await app.waitForSnapshot(
        'the word that there is no bridge',
        ({ connection }) => connection.state === 'failed',
      )
      const asked = service.asked.length
      await app.page.waitForTimeout(5_000)
      expect(service.asked).toHaveLength(asked)
      const answer = await app.invoke('help.ask', { country: 'cn' })
      expect(answer).toMatchObject({ ok: true, value: { settings: [{ lines: [unlistedLine] }] } })
      expect(await app.invoke('bridges.add', unlistedLine)).toMatchObject({ ok: true })
      await connected(app)
      expect(await visits(app)).toBe('hello')
      expect(new Set(gateway.seen)).toEqual(new Set(['other']))
      expect([...watch.stop()]).toEqual([])
    },
    THROUGH_LIMIT_MS,
  )
})
