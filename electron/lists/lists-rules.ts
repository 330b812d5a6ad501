/**
 * What is believed of lists from the bridge service, which comes through Tor and TLS and could still be somebody's who has
 * its key. Pure. They add to what the app came with and take nothing from it: no more bridges than a bounded number, of
 * transports that are built in; and where no address is dialled, only new ways to bridges that are known.
 */
import { type BridgeLine, parseBridgeLine } from '../../core/index.ts'
import { AppError } from '../app-error.ts'
import { commonName, hasGoodArguments } from '../bridges/line-check.ts'
import type { CountrySetting } from '../escalation/country-map.ts'
import { faultOfForeignLine } from '../escalation/foreign-line.ts'
import { addressOf, isDialledByAddress } from '../escalation/planned-way.ts'
import type { FetchedBridges, FetchedCountries } from '../host/lists-protocol.ts'

/** Three times what has ever been built in for one transport; more would bury those that came with the app. */
const MAX_LINES_OF_TRANSPORT = 20
/** Fewer than any map of the service had; one that knows of nowhere is no map. */
const MIN_COUNTRIES = 1

export interface Shipped {
  /** As people call them. */
  readonly transports: readonly string[]
  readonly lines: (transport: string) => readonly string[]
}

/**
 * The lines that are worth keeping. Throws `lists-refused` for a list of which a single line is no good: a list is the
 * service's as a whole, or is not.
 */
export function acceptBridges(
  { lines }: FetchedBridges,
  shipped: Shipped,
  transports: readonly string[],
): readonly string[] {
  const counts = new Map<string, number>()
  const kept = lines.filter((text) => {
    const line = parse(text)
    const name = commonName(line.transport)
    if (!shipped.transports.includes(name) || line.transport === undefined) return false
    if (!transports.includes(line.transport)) return false
    checkLine(line)
    const count = (counts.get(name) ?? 0) + 1
    counts.set(name, count)
    if (count > MAX_LINES_OF_TRANSPORT) refuse(`more than ${MAX_LINES_OF_TRANSPORT} bridges of one transport`)
    return true
  })
  if (kept.length === 0) refuse('no bridge of a transport that this version comes with')
  return kept
}

/** Throws likewise. Countries for which nothing is left that the core has are left out. */
export function acceptCountries(
  { countries }: FetchedCountries,
  transports: readonly string[],
): Readonly<Record<string, readonly CountrySetting[]>> {
  const known = new Set(['vanilla', ...transports.map(commonName)])
  const kept = countries.flatMap(({ country, settings }) => {
    const usable = settings.flatMap(({ transport, source }): CountrySetting[] => {
      const name = commonName(transport)
      if (!known.has(name)) return []
      return [{ transport: name, source: source === 'builtin' ? 'built-in' : 'requested' }]
    })
    return usable.length === 0 ? [] : [[country, usable] as const]
  })
  if (kept.length < MIN_COUNTRIES) refuse('a map without a country')
  return Object.fromEntries(kept)
}

/** Those that the app came with, which are lines, in their order, and behind them what the fetched list has beside them. */
export function withFetched(
  shipped: readonly string[],
  fetched: readonly string[],
  transport: string,
  transports: readonly string[],
): readonly string[] {
  // Without any of ours there is nothing to add to.
  if (shipped.length === 0 || fetched.length === 0) return shipped
  const known = new Set(shipped.map((text) => addressOf(text, transports)))
  const identities = new Set(shipped.map(identityOf))
  const added = fetched.filter((text) => {
    // Also undefined for what somebody wrote into the file that is no line.
    const address = addressOf(text, transports)
    if (address === undefined || known.has(address)) return false
    const line = parseBridgeLine(text)
    if (commonName(line.transport) !== transport) return false
    known.add(address)
    return isDialledByAddress(line.transport) || identities.has(identityOf(text))
  })
  return added.length === 0 ? shipped : [...shipped, ...added]
}

/** The fetched order first; what only ours has comes behind it. */
export function withFetchedSettings(
  shipped: readonly CountrySetting[],
  fetched: readonly CountrySetting[] | undefined,
): readonly CountrySetting[] {
  if (fetched === undefined) return shipped
  const isSame = (one: CountrySetting, other: CountrySetting): boolean =>
    one.transport === other.transport && one.source === other.source
  return [...fetched, ...shipped.filter((ours) => !fetched.some((theirs) => isSame(ours, theirs)))]
}

/** Whom a line leads to, however it gets there. A meek line without a fingerprint is known by the server alone. */
function identityOf(text: string): string {
  const { transport, fingerprint, args } = parseBridgeLine(text)
  const url = args.find(([key]) => key === 'url')?.[1] ?? ''
  return `${commonName(transport)} ${fingerprint ?? url}`
}

function checkLine(line: BridgeLine): void {
  if (!hasGoodArguments(line)) refuse('a bridge whose arguments are no good')
  const fault = faultOfForeignLine(line, { allowsInternalAddresses: false })
  if (fault !== undefined) refuse(fault)
}

function parse(text: string): BridgeLine {
  try {
    return parseBridgeLine(text)
  } catch {
    return refuse('what is no bridge line')
  }
}

function refuse(what: string): never {
  throw new AppError('lists-refused', `the list has ${what}`)
}
