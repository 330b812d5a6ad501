/** A core's status as tests of the host's views need it. */
import type { CircuitStatus, ClientStatus, HopStatus } from '../../../../core/index.ts'

export function hop(nickname: string, changes: Partial<HopStatus> = {}): HopStatus {
  return {
    nickname,
    fingerprint: nickname.toUpperCase().padEnd(40, '0'),
    address: '192.0.2.1:443',
    country: 'de',
    flags: ['Fast'],
    rttMs: 20.4,
    reason: { kind: 'weight' },
    ...changes,
  }
}

export function circuit(id: number, changes: Partial<CircuitStatus> = {}): CircuitStatus {
  return {
    id,
    state: 'open',
    purpose: 'exit',
    setId: undefined,
    hops: [hop('guard'), hop('middle'), hop(`exit${id}`)],
    builtHops: 3,
    streams: 0,
    readBytes: 0,
    writtenBytes: 0,
    sites: [],
    isRetired: false,
    createdMs: 1_000,
    ...changes,
  }
}

export const STATUS: ClientStatus = {
  bootstrap: { phase: 'done', progress: undefined, blockage: undefined, isConnected: true },
  channels: [],
  circuits: [],
  streams: [],
  sites: [],
  verifiedMs: 5_000,
  bandwidth: { readBytes: 7, writtenBytes: 8 },
  bridges: [],
  surroundings: { clockSkew: undefined, network: 'up', isDormant: false },
}
