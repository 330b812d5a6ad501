/** The constraints on all paths that follow from a client's configuration and the countries of relays. */
import type { Countries } from '../netdir/countries.ts'
import { needsCountries } from '../path/node-rules.ts'
import type { PathConstraints } from '../path/relay-constraints.ts'
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

/** Reads the countries if relays are chosen by them. Throws `bad-config` when the user's table cannot be read. */
export async function loadNeededCountries({ nodes }: ClientConfig, countries: Countries): Promise<void> {
  if (needsCountries(nodes)) await countries.load()
}
