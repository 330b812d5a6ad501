/**
 * A whole client that keeps one conflux set of two legs ready, between guards and an exit that a test knows by name: what
 * these do wrong cannot be stepped around unseen.
 */
import type { CircuitStatus, ClientStatus, TorClient } from '../../core/index.ts'
import { Logger } from '../../core/util/log.ts'
import { CONFLUX_NETWORK, CONFLUX_PARAMS } from '../network/small-description.ts'
import type { ConfluxTally } from '../network/relays/conflux/conflux-sets.ts'
import type { NetworkDescription } from '../network/tor-in-process.ts'
import { waitForStatus, type WholeNetwork } from './whole-network.ts'

export const EXIT = 'exit1'
export const LEG_GUARDS = ['guard1', 'guard2'] as const

/** One set at a time. */
export const ONE_SET_NETWORK: NetworkDescription = confluxNetwork('cfx_max_prebuilt_set=1')

const LINES = [
  `EntryNodes ${LEG_GUARDS.join(',')}`,
  'NumEntryGuards 2',
  `ExitNodes ${EXIT}`,
  'StrictNodes 1',
  'ConfluxEnabled 1',
  // Circuits that are built to be measured would only be in the way here.
  'LearnCircuitBuildTimeout 0',
]

export function confluxNetwork(params: string): NetworkDescription {
  const all = [...CONFLUX_PARAMS.split(' '), ...params.split(' ')].sort()
  return { ...CONFLUX_NETWORK, params: all.join(' ') }
}

export interface ConfluxClient {
  readonly client: TorClient
  /** What it has logged of sets that could not be linked. */
  readonly failures: readonly string[]
}

/** Connected; whether a set is linked depends on the exit. */
export async function startConfluxClient(
  whole: WholeNetwork,
  lines: readonly string[] = [],
): Promise<ConfluxClient> {
  const failures: string[] = []
  const log = new Logger(({ parts }) => {
    const text = parts.join('')
    if (text.startsWith('no conflux set')) failures.push(text)
  })
  const client = await whole.startClient([...LINES, ...lines], log)
  await client.bootstrap()
  return { client, failures }
}

/** With a set that nothing has used. */
export async function startLinkedClient(
  whole: WholeNetwork,
  lines: readonly string[] = [],
): Promise<TorClient> {
  const { client } = await startConfluxClient(whole, lines)
  await waitForSet(client)
  return client
}

export function waitForSet(client: TorClient): Promise<ClientStatus> {
  return waitForStatus(client, (status) => linkedLegs(status).length > 0)
}

/** The legs of all sets that are linked. */
export function linkedLegs({ circuits }: ClientStatus): readonly CircuitStatus[] {
  return circuits.filter(({ setId, state }) => setId !== undefined && state === 'open')
}

/** Of the exit. */
export function tallyOf(whole: WholeNetwork): ConfluxTally {
  const { tally } = whole.relay(EXIT).confluxSets ?? {}
  if (tally === undefined) throw new RangeError('an exit that joins no circuits')
  return { ...tally }
}
