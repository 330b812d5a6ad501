/** A person who hides adds a bridge and connects: the window shows how it fares, and the core dials nothing but it. */
import { afterEach, expect, inject, it } from 'vitest'
import { type BridgeNode, startBridge } from '../interop/support/bridge-node.ts'
import { curl } from '../interop/support/curl.ts'
import { findFreePorts } from '../interop/support/free-ports.ts'
import { startWebServer } from '../interop/support/test-servers.ts'
import { createHome } from './support/app-home.ts'
import { launchApp, type RunningApp } from './support/launch-app.ts'
import { relaysDialled, watchRelaysDialled } from './support/relays-dialled.ts'

const cleanUps: (() => Promise<void> | void)[] = []

afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp()
})

async function openHidden(): Promise<{ app: RunningApp; httpPort: number }> {
  const [socksPort, httpPort = 0] = await findFreePorts(2)
  const settings = { entry: 'hide', useBridges: true, socksPort, httpPort }
  const home = createHome({ network: inject('network'), settings })
  cleanUps.push(() => home.remove())
  const app = await launchApp(home)
  cleanUps.push(() => app.close())
  return { app, httpPort }
}

async function startOwnBridge(): Promise<BridgeNode> {
  const bridge = await startBridge(inject('network'), 'appbridge')
  cleanUps.push(() => bridge.remove())
  return bridge
}

it('a bridge that is pasted is checked, used at once, and the only thing that is dialled', async () => {
  const bridge = await startOwnBridge()
  const { app, httpPort } = await openHidden()
  const watch = watchRelaysDialled(app, inject('network'))
  cleanUps.push(() => void watch.stop())

  const checked = await app.invoke('bridges.check', `Bridge ${bridge.line}\nnonsense`)
  expect(checked).toMatchObject({
    ok: true,
    value: [{ fault: undefined, bridge: { address: bridge.address } }, { fault: 'not-a-bridge-line' }],
  })
  expect(await app.invoke('bridges.add', bridge.line)).toMatchObject({ ok: true })
  expect(await app.invoke('connection.start')).toMatchObject({ ok: true })
  await app.waitForSnapshot('the connection', ({ connection }) => connection.state === 'connected', 90_000)
  const { bridges } = await app.waitForSnapshot(
    'the bridge in use',
    (snapshot) => snapshot.bridges.bridges[0]?.health === 'in-use',
  )
  expect(bridges.bridges).toMatchObject([{ line: bridge.line, transport: 'vanilla', origin: 'added' }])

  const web = await startWebServer()
  cleanUps.push(() => web.close())
  const got = await curl(
    '--proxy',
    `http://127.0.0.1:${httpPort}`,
    '--proxytunnel',
    `http://ok.test:${web.port}/`,
  )
  expect(got.exitCode).toBe(0)
  const { circuits } = await app.waitForSnapshot('a circuit', ({ circuits: { circuits: open } }) =>
    open.some(({ purpose, hops }) => purpose === 'exit' && hops.length === 3),
  )
  const exits = circuits.circuits.filter(({ purpose, hops }) => purpose === 'exit' && hops.length === 3)
  expect(exits.map(({ hops }) => hops[0])).toMatchObject(
    exits.map(() => ({ role: 'bridge', address: bridge.address, fingerprint: bridge.record.fingerprint })),
  )
  expect([...watch.stop()]).toEqual([])
})

it('a bridge that is taken away leaves nothing connected, and no relay is dialled for it', async () => {
  const bridge = await startOwnBridge()
  const { app } = await openHidden()
  await app.invoke('bridges.add', bridge.line)
  await app.invoke('connection.start')
  await app.waitForSnapshot('the connection', ({ connection }) => connection.state === 'connected', 90_000)
  const { bridges } = await app.snapshot()
  await app.invoke('bridges.remove', [bridges.bridges[0]?.id ?? ''])
  await app.waitForSnapshot('no connection', ({ connection }) => connection.state !== 'connected')
  expect(relaysDialled(app, inject('network'))).toEqual([])
})
