/**
 * What the user's choice of relays says of one view of the network: who may stand in which position, and who counts as
 * one family. Worked out when first asked for and kept as long as the view, so that a pick asks a byte and not a list.
 */
import type { BridgeRelay } from '../netdir/bridge-relay.ts'
import type { CountryCode, CountryLookup } from '../netdir/country-lookup.ts'
import type { NetDir } from '../netdir/net-dir.ts'
import {
  type DescribedRelay,
  homeCountry,
  type NodeSet,
  type NodeSetNetDir,
  UNKNOWN_COUNTRY,
} from '../netdir/node-set.ts'
import { type DialConstraints, relayEndpoints } from '../transport/dial-constraints.ts'
import { isInternalIpv4Value } from '../util/internal-address.ts'
import type { NodeChoices } from './node-choices.ts'

/** The countries of addresses; asked for only where a choice names one. */
export interface PathCountries extends CountryLookup {
  /** Throws `no-path` while nothing is known yet: then no choice by country may be decided. */
  checkLoaded(): void
}

export interface NodeConstraints extends DialConstraints {
  readonly nodes: NodeChoices
  readonly countries: PathCountries
}

/** What is asked of a view of the network: the relays by the sets that mean them, and the bridges one by one. */
export type NodeRulesNetDir = NodeSetNetDir & Pick<NetDir, 'bridges'>

/** A byte for each row, 1 where the relay may be taken; undefined where all may. */
export type PermittedRows = Uint8Array | undefined

/** `last` is the end of a circuit that stays inside the network. */
export type ChosenPosition = 'guard' | 'middle' | 'exit' | 'last'

/** A view of the network and the options never change, so what follows from both holds as long as they live. */
const known = new WeakMap<NodeRulesNetDir, WeakMap<NodeConstraints, NodeRules>>()

export function nodeRules(netDir: NodeRulesNetDir, constraints: NodeConstraints): NodeRules {
  let ofView = known.get(netDir)
  if (ofView === undefined) {
    ofView = new WeakMap()
    known.set(netDir, ofView)
  }
  let rules = ofView.get(constraints)
  if (rules === undefined) {
    rules = new NodeRules(netDir, constraints)
    ofView.set(constraints, rules)
  }
  return rules
}

export class NodeRules {
  readonly #netDir: NodeRulesNetDir
  readonly #constraints: NodeConstraints
  readonly #permitted = new Map<ChosenPosition, PermittedRows>()
  readonly #exitsIn = new Map<CountryCode, Uint8Array>()
  #families: readonly Uint8Array[] | undefined

  /** Use `nodeRules`, which keeps them. */
  constructor(netDir: NodeRulesNetDir, constraints: NodeConstraints) {
    this.#netDir = netDir
    this.#constraints = constraints
  }

  /** The same array each time; not to be changed. Throws `no-path` while a country is named but none is known yet. */
  permitted(position: ChosenPosition): PermittedRows {
    if (!this.#permitted.has(position)) this.#permitted.set(position, this.#findPermitted(position))
    return this.#permitted.get(position)
  }

  permits(position: ChosenPosition, row: number): boolean {
    const permitted = this.permitted(position)
    return permitted === undefined || permitted[row] === 1
  }

  /** The permitted exits in one country, as above. */
  exitsIn(country: CountryCode): Uint8Array {
    const kept = this.#exitsIn.get(country)
    if (kept !== undefined) return kept
    const { countries } = this.#constraints
    countries.checkLoaded()
    const rows = this.#mark(
      (row) => countries.countryOfIpv4(this.#netDir.ipv4Value(row)) === country && this.permits('exit', row),
    )
    // Only the countries that there are: whoever asks for others must not fill our memory.
    if (rows.includes(1)) this.#exitsIn.set(country, rows)
    return rows
  }

  /** How many relays a set means, for words to the user. */
  count(set: NodeSet): number {
    return this.#rowsOf(set).reduce((sum, isMeant) => sum + isMeant, 0)
  }

  /** Whether the user counts both as one family; a bridge has its row too. */
  shareFamily(a: number, b: number): boolean {
    this.#families ??= this.#constraints.nodes.families.map((set) => this.#rowsOfFamily(set))
    return this.#families.some((rows) => rows[a] === 1 && rows[b] === 1)
  }

  #findPermitted(position: ChosenPosition): PermittedRows {
    const { nodes } = this.#constraints
    const refused = [this.#privateRows(), this.#excludedRows(nodes.excludeNodes)]
    if (position === 'exit') refused.push(this.#excludedRows(nodes.excludeExitNodes))
    const wanted = {
      guard: nodes.entryNodes,
      middle: nodes.middleNodes,
      exit: nodes.exitNodes,
      last: undefined,
    }
    const chosen = wanted[position]
    const wantedRows = chosen === undefined || chosen.isEmpty ? undefined : this.#rowsOf(chosen)
    const dialable = position === 'guard' ? this.#dialableRows() : undefined
    const refusals = refused.filter((rows) => rows !== undefined)
    if (refusals.length === 0 && wantedRows === undefined && dialable === undefined) return undefined
    return this.#mark(
      (row) => wantedRows?.[row] !== 0 && dialable?.[row] !== 0 && !refusals.some((rows) => rows[row] === 1),
    )
  }

  #excludedRows(set: NodeSet): Uint8Array | undefined {
    const { nodes, countries } = this.#constraints
    const excludesUnknown = excludesUnknownCountries(nodes, set)
    if (set.isEmpty && !excludesUnknown) return undefined
    const rows = this.#rowsOf(set)
    if (excludesUnknown) {
      countries.checkLoaded()
      for (let row = 0; row < rows.length; row++) {
        if (countries.countryOfIpv4(this.#netDir.ipv4Value(row)) === undefined) rows[row] = 1
      }
    }
    return rows
  }

  #privateRows(): Uint8Array | undefined {
    if (this.#constraints.allowPrivateRelayAddresses) return undefined
    const rows = this.#mark((row) => isInternalIpv4Value(this.#netDir.ipv4Value(row)))
    return rows.includes(1) ? rows : undefined
  }

  #dialableRows(): Uint8Array | undefined {
    const { useIpv4, reachableAddresses } = this.#constraints
    if (useIpv4 && reachableAddresses === undefined) return undefined
    return this.#mark((row) => relayEndpoints(this.#netDir.relay(row), this.#constraints).length > 0)
  }

  #rowsOfFamily(set: NodeSet): Uint8Array {
    const { relayCount, bridges = [] } = this.#netDir
    const rows = new Uint8Array(relayCount + bridges.length)
    rows.set(this.#rowsOf(set))
    for (const [at, bridge] of bridges.entries()) {
      if (meansBridge(set, bridge, this.#constraints.countries)) rows[relayCount + at] = 1
    }
    return rows
  }

  #rowsOf(set: NodeSet): Uint8Array {
    const { countries } = this.#constraints
    if (set.countries.size > 0) countries.checkLoaded()
    return set.rows(this.#netDir, countries)
  }

  #mark(isMeant: (row: number) => boolean): Uint8Array {
    const rows = new Uint8Array(this.#netDir.relayCount)
    for (let row = 0; row < rows.length; row++) if (isMeant(row)) rows[row] = 1
    return rows
  }
}

/** By the address of its line or by the one that it tells: behind a transport either may be made up. */
function meansBridge(set: NodeSet, { line, ids, descriptor }: BridgeRelay, lookup: CountryLookup): boolean {
  const { host, port } = line.endpoint
  return [host, descriptor?.address ?? host].some((address) => {
    const endpoints = [{ host: address, port }]
    return set.has({ rsa: ids.rsa, nickname: descriptor?.nickname, endpoints }, lookup)
  })
}

/** Whether ExcludeNodes means a relay that may be in no view of the network. Throws as `permitted` does. */
export function excludesRelay({ nodes, countries }: NodeConstraints, relay: DescribedRelay): boolean {
  const { excludeNodes } = nodes
  const excludesUnknown = excludesUnknownCountries(nodes, excludeNodes)
  if (excludesUnknown || excludeNodes.countries.size > 0) countries.checkLoaded()
  if (excludeNodes.has(relay, countries)) return true
  return excludesUnknown && homeCountry(relay, countries) === undefined
}

/** GeoIPExcludeUnknown: "auto" excludes unknown countries from where some country is excluded. */
export function excludesUnknownCountries(nodes: NodeChoices, excluding: NodeSet): boolean {
  if (excluding.countries.has(UNKNOWN_COUNTRY)) return false
  return nodes.excludeUnknownCountries ?? excluding.countries.size > 0
}

/** Whether anything of the choice can only be decided by countries: then they must be read before a path is picked. */
export function needsCountries(nodes: NodeChoices): boolean {
  const { excludeNodes, excludeExitNodes, exitNodes, entryNodes, middleNodes, families } = nodes
  const sets = [excludeNodes, excludeExitNodes, exitNodes, entryNodes, middleNodes, ...families]
  return nodes.excludeUnknownCountries === true || sets.some((set) => set.countries.size > 0)
}
