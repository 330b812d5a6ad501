/** Constraints that forbid nothing but two relays of one network, for tests to add to. */
import { NO_COUNTRIES } from '../../core/netdir/country-lookup.ts'
import { type NodeSet, parseNodeSet } from '../../core/netdir/node-set.ts'
import { NO_NODE_CHOICES, type NodeChoices } from '../../core/path/node-choices.ts'
import type { PathCountries } from '../../core/path/node-rules.ts'
import type { PathConstraints } from '../../core/path/relay-constraints.ts'

export const OPEN_CONSTRAINTS: PathConstraints = {
  enforceDistinctSubnets: true,
  useIpv4: true,
  useIpv6: true,
  preferIpv6OrPort: false,
  reachableAddresses: undefined,
  bridges: undefined,
  // The tests' networks are on such.
  allowPrivateRelayAddresses: true,
  nodes: NO_NODE_CHOICES,
  countries: { ...NO_COUNTRIES, checkLoaded: () => {} },
}

/** Countries by the first byte of IPv4 addresses. */
export function countriesByFirstByte(codes: Readonly<Record<number, string>>): PathCountries {
  return {
    checkLoaded: () => {},
    countryOfIpv4: (value) => codes[value >>> 24],
    countryOf: (host) => codes[Number(host.split('.')[0])],
  }
}

export type ChoiceTexts = {
  readonly [name in keyof NodeChoices]?: string | boolean | readonly string[] | undefined
}

/** Choices as torrc writes them. */
export function parseChoices(texts: ChoiceTexts): NodeChoices {
  const set = (name: keyof NodeChoices): NodeSet => parseNodeSet(String(texts[name] ?? ''), name)
  const { families, excludeUnknownCountries: unknown } = texts
  return {
    excludeNodes: set('excludeNodes'),
    excludeExitNodes: set('excludeExitNodes'),
    exitNodes: set('exitNodes'),
    entryNodes: set('entryNodes'),
    middleNodes: set('middleNodes'),
    isStrict: texts.isStrict === true,
    families: Array.isArray(families) ? families.map((text) => parseNodeSet(String(text), 'families')) : [],
    excludeUnknownCountries: typeof unknown === 'boolean' ? unknown : undefined,
  }
}
