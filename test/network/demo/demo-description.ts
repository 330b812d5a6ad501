/** The network of the demonstration: some thirty relays in countries all over the map, with one operator's family. */
import type { RelayDescription, RelayFlagName } from '../relays/relay-description.ts'
import type { NetworkDescription } from '../tor-in-process.ts'

const HOUR_MS = 3_600_000
const USUAL: readonly RelayFlagName[] = ['Fast', 'Running', 'Stable', 'V2Dir', 'Valid']
const WEB_AND_MAIL = 'accept 22,53,80,110,143,443,465,587,993,995,5222,6697,8000-8999'

const GUARDS = 'de nl fr se ch fi us ca is ro'.split(' ')
const MIDDLES = 'pl at cz no dk gb es it jp sg au br'.split(' ')
const EXITS = 'de nl us se ch at lu ro ca jp'.split(' ')

export const DEMO_NETWORK: NetworkDescription = {
  consensusIntervalMs: HOUR_MS,
  relays: [
    ...place('authority', ['de', 'us', 'se'], 10, { flags: ['Authority', ...USUAL] }, 20),
    ...place('gate', GUARDS, 20, { flags: ['Guard', 'HSDir', ...USUAL] }, 9_000),
    ...place('path', MIDDLES, 40, { flags: USUAL }, 4_000),
    ...place('door', EXITS, 60, { flags: ['Exit', ...USUAL], exitPorts: WEB_AND_MAIL }, 7_000),
  ],
}

function place(
  name: string,
  countries: readonly string[],
  firstNet: number,
  common: Pick<RelayDescription, 'flags' | 'exitPorts'>,
  bandwidth: number,
): RelayDescription[] {
  return countries.map((country, at) => ({
    ...common,
    nickname: `${name}${at + 1}${country.toUpperCase()}`,
    address: `127.${firstNet + at}.0.1`,
    orPort: 0,
    country,
    // No two weigh the same, as in the real network.
    bandwidth: bandwidth + 613 * ((at * 7) % 5),
  }))
}
