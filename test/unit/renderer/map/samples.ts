/** Circuits for tests of what is drawn: complete values, of which a test changes what it is about. */
import type { CircuitView, HopRole, HopView } from '../../../../electron/ipc/snapshot-circuits.ts'

const ROLES: readonly HopRole[] = ['guard', 'middle', 'exit']

export function hop(name: string, country: string | undefined, role: HopRole = 'middle'): HopView {
  return {
    role,
    nickname: name,
    fingerprint: fingerprintOf(name),
    address: '192.0.2.1:443',
    country,
    flags: ['Fast', 'Running', 'Valid'],
    rttMs: 40,
    reason: { kind: 'weight' },
  }
}

/** One hop for each country, named by circuit and place. */
export function circuit(
  id: number,
  countries: readonly (string | undefined)[],
  change: Partial<CircuitView> = {},
): CircuitView {
  return {
    id,
    state: 'open',
    purpose: 'exit',
    setId: undefined,
    hops: countries.map((country, index) => hop(`relay${id}x${index}`, country, ROLES[index] ?? 'end')),
    plannedHops: 3,
    streams: 0,
    sites: [],
    readBytes: 0,
    writtenBytes: 0,
    createdMs: 0,
    isRetired: false,
    ...change,
  }
}

function fingerprintOf(name: string): string {
  return Array.from(name, (letter) => letter.charCodeAt(0).toString(16))
    .join('')
    .toUpperCase()
    .padEnd(40, '0')
}
