/** How the relays of the second private network differ, and the country tables that go with their addresses. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TorNetworkOptions } from './tor-network.ts'

/** Only `exit3` lets connections to this port out. */
export const RARE_PORT = 4242

const REFUSES_RARE_PORT = `reject *:${RARE_PORT}, accept *:*`

/** `relay1`, `relay2` and `exit1` share a /16; `relay3` and `exit2` are a family; each exit has a country of its own. */
export const VARIED_NETWORK: TorNetworkOptions = {
  votingIntervalSeconds: 20,
  variations: {
    relay1: { address: '127.10.0.1' },
    relay2: { address: '127.10.0.2' },
    relay3: { address: '127.20.0.1', family: ['exit2'] },
    exit1: { address: '127.10.0.3', exitPolicy: REFUSES_RARE_PORT },
    exit2: { address: '127.30.0.1', exitPolicy: REFUSES_RARE_PORT, family: ['relay3'] },
    exit3: { address: '127.40.0.1' },
  },
}

/** Writes a country table in C tor's form: exit1 is in Sweden, exit2 in Germany, exit3 in France. Gives its path. */
export function writeGeoIpFile(directory: string): string {
  const path = join(directory, 'geoip')
  const first = (prefix: number): number => ((127 << 24) | (prefix << 16)) >>> 0
  const rows = [
    [10, 'SE'],
    [30, 'DE'],
    [40, 'FR'],
  ].map(([prefix, country]) => `${first(Number(prefix))},${first(Number(prefix)) + 0xffff},${country}`)
  writeFileSync(path, `${rows.join('\n')}\n`)
  return path
}
