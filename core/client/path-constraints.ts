/** The constraints on all paths that follow from a client's configuration and the countries of relays. */
import type { Countries } from '../netdir/countries.ts'
import { type NodeSet, UNKNOWN_COUNTRY } from '../netdir/node-set.ts'
import { needsCountries } from '../path/node-rules.ts'
import type { PathConstraints } from '../path/relay-constraints.ts'
import type { Logger } from '../util/log.ts'
import type { Watchable } from '../util/watched-value.ts'
import type { ClientConfig } from './config.ts'

/** The same object as long as the configuration is the same: path selection keeps much of its work with it. */
export function pathConstraints(
  config: Watchable<ClientConfig>,
  countries: Countries,
): () => PathConstraints {
  let known: { readonly config: ClientConfig; readonly constraints: PathConstraints } | undefined
  return () => {
    const current = config.value
    if (known?.config !== current) known = { config: current, constraints: { ...current, countries } }
    return known.constraints
  }
}

/**
 * Reads the countries if relays are chosen by them, and warns of exclusions that exclude nobody: whoever chose them
 * counts on them. Throws `bad-config` when the user's table cannot be read.
 */
export async function loadNeededCountries(
  { nodes }: Pick<ClientConfig, 'nodes'>,
  countries: Countries,
  log: Logger,
): Promise<void> {
  if (!needsCountries(nodes)) return
  await countries.load()
  warnOfUnknownCountries('ExcludeNodes', nodes.excludeNodes, countries, log)
  warnOfUnknownCountries('ExcludeExitNodes', nodes.excludeExitNodes, countries, log)
}

function warnOfUnknownCountries(option: string, set: NodeSet, countries: Countries, log: Logger): void {
  for (const code of set.countries) {
    if (code === UNKNOWN_COUNTRY || countries.hasCountry(code)) continue
    log.warn(
      `${option}: no address is in {${code}}, as far as is known, so it excludes nobody: is the code right?`,
    )
  }
}
