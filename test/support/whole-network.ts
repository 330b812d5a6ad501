/**
 * A whole client on a whole network in this process, whose relays do what a test says. The client may use one guard and
 * one exit only, so that a fault of theirs cannot be stepped around unseen.
 */
import { createHash, randomBytes } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  type ClientConfig,
  type ClientStatus,
  isTorError,
  parseClientConfig,
  TorClient,
} from '../../core/index.ts'
import type { RelayMessage } from '../../core/cell/relay-message.ts'
import { type Logger, silentLogger } from '../../core/util/log.ts'
import type { Fault, MessageFault, Misbehaviour } from '../network/faults/fault.ts'
import type { Relay } from '../network/relays/relay.ts'
import { SMALL_NETWORK } from '../network/small-description.ts'
import { TorInProcess } from '../network/tor-in-process.ts'
import { type LeapingClock, leapingClock } from './leaping-clock.ts'

const SITE = 'site.test'
/** How often it is looked whether relays still do something, how often in a row they must not, and how often at the most. */
const LOOK_EVERY_MS = 5
const QUIET_LOOKS = 4
const MOST_LOOKS = 400
const BODY = randomBytes(300_000)
export const BODY_SHA256 = createHash('sha256').update(BODY).digest('hex')

export interface WholeNetwork {
  readonly clock: LeapingClock
  readonly network: TorInProcess
  /** Where exits connect to for the site. */
  readonly siteAddress: string
  /** A client in memory; `lines` of a torrc come behind the usual ones. */
  startClient(lines?: readonly string[], log?: Logger): Promise<TorClient>
  /** Closes all clients and lets relays behave again. */
  reset(): Promise<void>
  commit(fault: Fault): { readonly times: number }
  relay(nickname: string): Relay
  /** `host:port` of a relay. */
  addressOf(nickname: string): string
  stop(): Promise<void>
}

/** One guard at a time of two, whichever comes first: who blames it goes to the other. */
export const TWO_GUARDS = [
  'EntryNodes guard1,guard2',
  'NumEntryGuards 1',
  'MiddleNodes middle1',
  'ExitNodes exit1',
  // Circuits that fail are followed by others as long as their request has time.
  'SocksTimeout 20',
]

export const ONE_PATH = ['EntryNodes guard1', 'MiddleNodes middle1', 'ExitNodes exit1', 'StrictNodes 1']

export async function startWholeNetwork(description = SMALL_NETWORK): Promise<WholeNetwork> {
  const site = await startSite()
  const clock = leapingClock()
  const network = await TorInProcess.start(description, {
    wallMs: () => clock.trueWallMs(),
    monotonicMs: () => clock.monotonicMs(),
    setTimer: (delayMs, callback) => clock.setTimer(delayMs, callback),
  })
  clock.follow(network)
  const sitePort = (site.address() as AddressInfo).port
  network.hosts.add(SITE, 80, sitePort)
  const clients: TorClient[] = []
  const relayOf = (nickname: string): Relay => {
    const relay = network.relays.find(({ description }) => description.nickname === nickname)
    if (relay === undefined) throw new RangeError(`no relay ${nickname}`)
    return relay
  }
  return {
    clock,
    network,
    siteAddress: `127.0.0.1:${sitePort}`,
    async startClient(lines = ONE_PATH, log = silentLogger) {
      const client = await TorClient.create(configOf(network, lines), { clock, log })
      clients.push(client)
      return client
    },
    async reset() {
      network.faults.clear()
      await Promise.all(clients.splice(0).map((client) => client.close()))
      await becomeQuiet(network)
    },
    commit: (fault) => network.faults.add(fault),
    relay: relayOf,
    addressOf(nickname) {
      const { address, orPort } = relayOf(nickname).description
      return `${address}:${orPort}`
    },
    async stop() {
      clock.stop()
      await network.stop()
      site.closeAllConnections()
      site.close()
    },
  }
}

/** What a client had under way still arrives after it was closed: it must not be taken for the next one's. */
async function becomeQuiet(network: TorInProcess): Promise<void> {
  let seen = -1
  let quietLooks = 0
  for (let looks = 0; quietLooks < QUIET_LOOKS && looks < MOST_LOOKS; looks++) {
    await sleep(LOOK_EVERY_MS)
    quietLooks = network.activity === seen && !network.isHandshaking ? quietLooks + 1 : 0
    seen = network.activity
  }
}

function configOf(network: TorInProcess, lines: readonly string[]): ClientConfig {
  const base = parseClientConfig([...network.clientLines, ...lines].join('\n'), '')
  return { ...base, dataDirectory: undefined }
}

/** What a relay does with its own messages of that kind. */
export function spoils(kind: RelayMessage['kind'], fault: MessageFault): Misbehaviour {
  return { at: 'message', kind, ...fault }
}

/** What it gives, or the kind of the error that it ends with. */
export function outcomeOf<T>(work: Promise<T>): Promise<T | string> {
  return work.catch((error: unknown) => {
    if (isTorError(error)) return error.kind
    throw error
  })
}

/** The same; of what ran out of time after trouble, the trouble. */
export function troubleOf<T>(work: Promise<T>): Promise<T | string> {
  return outcomeOf(
    work.catch((error: unknown) => {
      throw isTorError(error, 'timeout') && error.cause !== undefined ? error.cause : error
    }),
  )
}

/** Whose circuits carry requests now; directories are asked of others, too. */
export function guardOf(client: TorClient): string {
  const exits = client.status.value.circuits.filter(({ purpose }) => purpose === 'exit')
  const names = new Set(exits.map(({ hops }) => hops[0]?.nickname ?? ''))
  const [name, ...others] = names
  if (name === undefined || others.length > 0) throw new RangeError(`guards: ${[...names].join(' ')}`)
  return name
}

/** SHA-256 of what the site sends, asked through the client. */
export async function fetchBody(client: TorClient): Promise<string> {
  const { body } = await client.requestUrl(`http://${SITE}/`)
  return createHash('sha256').update(body).digest('hex')
}

/** The first status that `accept` takes. */
export function waitForStatus(
  client: TorClient,
  accept: (status: ClientStatus) => boolean,
): Promise<ClientStatus> {
  return new Promise((resolve) => {
    const look = (status: ClientStatus): boolean => {
      if (!accept(status)) return false
      resolve(status)
      return true
    }
    if (look(client.status.value)) return
    const stop = client.status.watch((status) => {
      if (look(status)) stop()
    })
  })
}

async function startSite(): Promise<Server> {
  const site = createServer((_, response) => response.end(BODY))
  await new Promise<void>((resolve) => site.listen(0, '127.0.0.1', resolve))
  return site
}
