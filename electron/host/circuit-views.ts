/** The core's circuits in the form that the app shows. Pure, and cheap: it runs four times a second. */
import type { CircuitStatus, ClientStatus, HopStatus } from '../../core/index.ts'
import type { Moment } from './dates.ts'
import type { CircuitsView, CircuitView, HopRole, HopView } from '../ipc/snapshot-circuits.ts'

export function viewCircuits({ circuits }: Pick<ClientStatus, 'circuits'>, now: Moment): CircuitsView {
  // Where the person is, nobody has told us, and nobody is asked.
  return { circuits: circuits.map((circuit) => viewCircuit(circuit, now)), ownCountry: undefined }
}

function viewCircuit(circuit: CircuitStatus, now: Moment): CircuitView {
  const { id, state, purpose, setId, hops, builtHops, streams, sites, createdMs, isRetired } = circuit
  return {
    id,
    state,
    purpose,
    setId,
    hops: hops.slice(0, builtHops).map((hop, at) => viewHop(circuit, hop, at)),
    plannedHops: hops.length,
    streams,
    sites,
    readBytes: circuit.readBytes,
    writtenBytes: circuit.writtenBytes,
    createdMs: Math.round(now.wallMs - (now.monotonicMs - createdMs)),
    isRetired,
  }
}

function viewHop(circuit: CircuitStatus, hop: HopStatus, at: number): HopView {
  const { nickname, fingerprint, address, country, flags, rttMs, reason } = hop
  return {
    role: roleOf(circuit, at),
    nickname,
    fingerprint,
    address,
    country,
    flags,
    rttMs: rttMs === undefined ? undefined : Math.round(rttMs),
    reason,
  }
}

function roleOf({ purpose, hops }: CircuitStatus, at: number): HopRole {
  if (purpose === 'directory') return 'directory'
  if (at === 0) return hops[0]?.reason.kind === 'bridge' ? 'bridge' : 'guard'
  if (at < hops.length - 1) return 'middle'
  return purpose === 'exit' ? 'exit' : 'end'
}
