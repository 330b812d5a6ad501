/** The core's circuits in the form that the app shows. Pure, and cheap: it runs four times a second. */
import type { CircuitStatus, ClientStatus, HopStatus } from '../../core/index.ts'
import type { Moment } from './dates.ts'
import type { CircuitsView, CircuitView, HopReason, HopRole, HopView } from '../ipc/snapshot-circuits.ts'

export function viewCircuits({ circuits }: Pick<ClientStatus, 'circuits'>, now: Moment): CircuitsView {
  // Where the person is, nobody has told us, and nobody is asked.
  return { circuits: circuits.map((circuit) => viewCircuit(circuit, now)), ownCountry: undefined }
}

function viewCircuit(circuit: CircuitStatus, now: Moment): CircuitView {
  const { id, state, purpose, hops, streams, sites, createdMs, isRetired } = circuit
  return {
    id,
    state,
    purpose,
    hops: hops.map((hop, at) => viewHop(circuit, hop, at)),
    plannedHops: hops.length,
    streams,
    sites,
    readBytes: 0,
    writtenBytes: 0,
    createdMs: Math.round(now.wallMs - (now.monotonicMs - createdMs)),
    isRetired,
  }
}

function viewHop(circuit: CircuitStatus, hop: HopStatus, at: number): HopView {
  const { nickname, fingerprint, address, country } = hop
  const role = roleOf(circuit, at)
  return {
    role,
    nickname,
    fingerprint,
    address,
    country,
    flags: [],
    rttMs: undefined,
    reason: reasonOf(role),
  }
}

function roleOf({ purpose, hops }: CircuitStatus, at: number): HopRole {
  if (purpose === 'directory') return 'directory'
  if (at === 0) return 'guard'
  if (at < hops.length - 1) return 'middle'
  return purpose === 'exit' ? 'exit' : 'end'
}

function reasonOf(role: HopRole): HopReason {
  if (role === 'guard') return { kind: 'guard', sinceMs: undefined }
  if (role === 'directory') return { kind: 'directory' }
  return { kind: role === 'exit' ? 'exit-policy' : 'weight' }
}
