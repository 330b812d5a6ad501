/** Starts the network of the demonstration with an example site behind its exits; `scripts/demo.mjs` shows it. */
import { writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { systemClock } from '../../../core/util/clock.ts'
import { writeCountryTable } from '../country-table.ts'
import type { Relay } from '../relays/relay.ts'
import { TorInProcess } from '../tor-in-process.ts'
import { DEMO_NETWORK } from './demo-description.ts'

const SITE = 'welcome.test'
/** What `/data` sends: enough to see it flow. */
export const DATA_BYTES = 5_000_000
/** Of a relay that carries a transfer, and of none that only hears of it. */
const CELLS_OF_A_TRANSFER = 1_000

const PAGE = `<!doctype html><html lang="en"><meta charset="utf-8"><title>Welcome</title>
<body style="font-family: sans-serif; max-width: 40rem; margin: 4rem auto; line-height: 1.5">
<h1>You came through three relays</h1>
<p>This page stands behind a Tor network that runs on this computer. Your request went to a guard, a middle and an exit,
each of which knows only its neighbours. The circuit is on the map in Allium.</p>
<p><a href="/data">Download five megabytes</a>, and watch them flow.</p></body></html>`

export interface Demo {
  readonly siteUrl: string
  readonly dataUrl: string
  /** The relays that carried what `transfer` did, from the guard on. */
  carriersOf(transfer: () => Promise<void>): Promise<readonly Relay[]>
  stop(): Promise<void>
}

/** Writes the lines that a client needs, and the country table that they name, into `folder`. */
export async function startDemo(folder: string): Promise<Demo & { readonly linesFile: string }> {
  const site = await startSite()
  const network = await TorInProcess.start(DEMO_NETWORK, systemClock)
  network.hosts.add(SITE, 80, (site.address() as AddressInfo).port)
  const countries = join(folder, 'countries')
  writeFileSync(countries, writeCountryTable(DEMO_NETWORK.relays))
  const linesFile = join(folder, 'network')
  writeFileSync(linesFile, [...network.clientLines, `GeoIPFile ${countries}`, ''].join('\n'))
  return {
    siteUrl: `http://${SITE}/`,
    dataUrl: `http://${SITE}/data`,
    linesFile,
    carriersOf: (transfer) => carriersOf(network, transfer),
    async stop() {
      await network.stop()
      site.closeAllConnections()
      site.close()
    },
  }
}

async function carriersOf(network: TorInProcess, transfer: () => Promise<void>): Promise<readonly Relay[]> {
  const before = new Map(
    network.relays.map((relay) => [relay, { carried: relay.carriedCells, guarded: relay.guardedCells }]),
  )
  await transfer()
  const carried = (relay: Relay): number => relay.carriedCells - (before.get(relay)?.carried ?? 0)
  // A relay with the Guard flag serves in the middle of circuits, too.
  const guarded = (relay: Relay): number => relay.guardedCells - (before.get(relay)?.guarded ?? 0)
  return network.relays
    .filter((relay) => carried(relay) > CELLS_OF_A_TRANSFER)
    .sort((a, b) => Number(a.isExit) - Number(b.isExit) || guarded(b) - guarded(a))
}

async function startSite(): Promise<Server> {
  const data = Buffer.alloc(DATA_BYTES, 'Every byte of this came through three relays. ')
  const site = createServer((request, response) => {
    const isData = request.url === '/data'
    response.setHeader('content-type', isData ? 'application/octet-stream' : 'text/html')
    response.end(isData ? data : PAGE)
  })
  await new Promise<void>((resolve) => site.listen(0, '127.0.0.1', resolve))
  return site
}
