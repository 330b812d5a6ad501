/** Where one could appear to be: the countries that have usable exits, and what choosing one of them gives away. */
import type { CountryCode } from '../netdir/country-lookup.ts'
import { RelayFlag, hasFlag } from '../netdoc/relay-flags.ts'
import type { PathNetDir } from './exit-path.ts'
import { exitTests } from './exit-request.ts'
import { nodeRules } from './node-rules.ts'
import type { PathConstraints } from './relay-constraints.ts'

export interface ExitCountry {
  readonly country: CountryCode
  /** How many exits there a web connection could leave from. */
  readonly exits: number
  /** Their part of the weight of all such exits, 0 to 1: about the part of all Tor users that leaves there anyway. */
  readonly share: number
  /**
   * By how many bits an observer's uncertainty about our exit falls when the country is chosen. The uncertainty is the
   * entropy of the draw: 10 bits are as many as an even draw out of 1,024 exits has.
   */
  readonly entropyLostBits: number
}

/** Those with the greatest share first. Throws `no-path` while the countries are not at hand. */
export function exitCountries(netDir: PathNetDir, constraints: PathConstraints): ExitCountry[] {
  const { countries } = constraints
  countries.checkLoaded()
  const all = new Draw()
  const byCountry = new Map<CountryCode, Draw>()
  for (const row of webExits(netDir, constraints)) {
    const weight = netDir.weight(row, 'exit')
    if (weight === 0) continue
    all.add(weight)
    const country = countries.countryOfIpv4(netDir.ipv4Value(row))
    if (country === undefined) continue
    const draw = byCountry.get(country) ?? new Draw()
    draw.add(weight)
    byCountry.set(country, draw)
  }
  return [...byCountry]
    .map(([country, draw]) => ({
      country,
      exits: draw.count,
      share: draw.sum / all.sum,
      entropyLostBits: all.entropyBits - draw.entropyBits,
    }))
    .sort((a, b) => b.share - a.share || (a.country < b.country ? -1 : 1))
}

/** Those that a request for the web would be drawn from. */
function webExits(netDir: PathNetDir, constraints: PathConstraints): number[] {
  const rules = nodeRules(netDir, constraints)
  const [servesWeb] = exitTests(netDir, { hostKind: 'name', port: undefined })
  return Array.from({ length: netDir.relayCount }, (_, row) => row).filter(
    (row) =>
      hasFlag(netDir.flags(row), RelayFlag.Exit | RelayFlag.Fast) &&
      netDir.isUsableAs(row, 'exit') &&
      rules.permits('exit', row) &&
      servesWeb?.(row) === true,
  )
}

/** A draw in proportion to weights above 0. */
class Draw {
  count = 0
  sum = 0
  /** Sum of w log2 w, from which the entropy follows without keeping the weights. */
  #sumOfLogs = 0

  add(weight: number): void {
    this.count++
    this.sum += weight
    this.#sumOfLogs += weight * Math.log2(weight)
  }

  get entropyBits(): number {
    return Math.log2(this.sum) - this.#sumOfLogs / this.sum
  }
}
