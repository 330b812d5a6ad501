/** The country table of a network on loopback, in the format of C tor's GeoIPFile: each relay's /16 is in its country. */
import type { RelayDescription } from './relays/relay-description.ts'

const BITS_OF_A_NET = 16

export function writeCountryTable(relays: readonly RelayDescription[]): string {
  const rows = new Map<number, string>()
  for (const { address, country } of relays) {
    const [high = 0, low = 0] = address.split('.').map(Number)
    if (country !== undefined) rows.set(((high << 8) | low) * 2 ** BITS_OF_A_NET, country.toUpperCase())
  }
  return [...rows]
    .sort(([a], [b]) => a - b)
    .map(([first, country]) => `${first},${first + 2 ** BITS_OF_A_NET - 1},${country}\n`)
    .join('')
}
