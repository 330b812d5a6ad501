/** Relays as a user names them: fingerprints, nicknames, address ranges and countries (C tor's routerset). */
import { type RsaIdentity, parseRsaIdentity } from '../linkspec/relay-ids.ts'
import type { Endpoint } from '../linkspec/relay-target.ts'
import { MAX_NICKNAME_LENGTH } from '../netdoc/relay-columns.ts'
import {
  type Address,
  type AddressPattern,
  matchesPattern,
  parseAddress,
  parseAddressPattern,
} from '../util/address-range.ts'
import { TorError } from '../util/errors.ts'
import type { CountryCode, CountryLookup } from './country-lookup.ts'
import type { NetDir } from './net-dir.ts'

/** What is asked of a view of the network to tell which of its relays are meant. */
export type NodeSetNetDir = Pick<NetDir, 'relayCount' | 'indexOf' | 'nickname' | 'ipv4Value' | 'relay'>

/** A relay that may be in no view of the network: a fallback directory, an authority. */
export interface DescribedRelay {
  readonly rsa: RsaIdentity
  readonly nickname: string | undefined
  readonly endpoints: readonly Endpoint[]
}

export interface NodeSet {
  /** As the user wrote it; empty for the empty set. */
  readonly text: string
  readonly isEmpty: boolean
  /** The countries named, `??` for relays whose country is not known. Where there are any, a lookup must know them. */
  readonly countries: ReadonlySet<CountryCode>
  /** 1 in the row of every relay that is meant; walks over the whole view, so keep it. */
  rows(netDir: NodeSetNetDir, lookup: CountryLookup): Uint8Array
  has(relay: DescribedRelay, lookup: CountryLookup): boolean
}

/** What a set names for "country not known". */
export const UNKNOWN_COUNTRY = '??'

/** More than the network has relays: even every one of them may be named. */
const MAX_ITEMS = 20_000
const MAX_QUOTE_LENGTH = 80
/** A fingerprint may be followed by a nickname, which says nothing. */
const FINGERPRINT = new RegExp(`^\\$?[0-9a-f]{40}(?:[=~][a-z0-9]{1,${MAX_NICKNAME_LENGTH}})?$`, 'i')
const NICKNAME = new RegExp(`^[a-z0-9]{1,${MAX_NICKNAME_LENGTH}}$`, 'i')
/** `a1` is what old tables say for "anonymous proxy". */
const COUNTRY = /^\{([a-z]{2}|a1|\?\?)\}$/i

/**
 * A list with commas or spaces between its items: `[$]fingerprint[~nickname]`, nickname, `{cc}`, `{??}`, or an address
 * pattern as in `address-range.ts`. Throws `bad-config`, naming `option`, for an item that cannot be read.
 */
export function parseNodeSet(text: string, option: string): NodeSet {
  const items = text.split(/[\s,]+/).filter((item) => item !== '')
  if (items.length > MAX_ITEMS) throw new TorError('bad-config', `${option}: more than ${MAX_ITEMS} relays`)
  const members: Members = {
    fingerprints: new Set(),
    nicknames: new Set(),
    countries: new Set(),
    patterns: [],
  }
  for (const item of items) addItem(members, item, option)
  return new ParsedNodeSet(text, items.length === 0, members)
}

interface Members {
  readonly fingerprints: Set<RsaIdentity>
  /** In lower case. */
  readonly nicknames: Set<string>
  readonly countries: Set<CountryCode>
  readonly patterns: AddressPattern[]
}

function addItem(members: Members, item: string, option: string): void {
  const country = COUNTRY.exec(item)?.[1]?.toLowerCase()
  if (FINGERPRINT.test(item)) {
    members.fingerprints.add(parseRsaIdentity(item.replace('$', '').slice(0, 40)))
  } else if (NICKNAME.test(item)) {
    members.nicknames.add(item.toLowerCase())
  } else if (country === 'uk') {
    // Everybody's guess, and no country of the tables: it would exclude nobody in silence.
    throw new TorError('bad-config', `${option}: the United Kingdom is {gb}, not "${item}"`)
  } else if (country !== undefined) {
    members.countries.add(country)
  } else {
    const pattern = parseAddressPattern(item)
    if (pattern === undefined) badItem(option, item)
    members.patterns.push(pattern)
  }
}

function badItem(option: string, item: string): never {
  const shown = item.slice(0, MAX_QUOTE_LENGTH)
  const expected = 'a fingerprint, a nickname, a country as {de} or an address range'
  throw new TorError('bad-config', `${option}: expected ${expected}, got "${shown}"`)
}

class ParsedNodeSet implements NodeSet {
  readonly text: string
  readonly isEmpty: boolean
  readonly #members: Members

  constructor(text: string, isEmpty: boolean, members: Members) {
    this.text = text
    this.isEmpty = isEmpty
    this.#members = members
  }

  get countries(): ReadonlySet<CountryCode> {
    return this.#members.countries
  }

  rows(netDir: NodeSetNetDir, lookup: CountryLookup): Uint8Array {
    const { fingerprints, nicknames, countries, patterns } = this.#members
    const rows = new Uint8Array(netDir.relayCount)
    for (const fingerprint of fingerprints) {
      const row = netDir.indexOf(fingerprint)
      if (row !== undefined) rows[row] = 1
    }
    if (nicknames.size > 0) markRows(rows, (row) => nicknames.has(netDir.nickname(row).toLowerCase()))
    if (countries.size > 0) {
      markRows(rows, (row) => countries.has(lookup.countryOfIpv4(netDir.ipv4Value(row)) ?? UNKNOWN_COUNTRY))
    }
    if (patterns.length > 0) markRows(rows, patternTest(netDir, patterns))
    return rows
  }

  has(relay: DescribedRelay, lookup: CountryLookup): boolean {
    const { rsa, nickname, endpoints } = relay
    const { fingerprints, nicknames, countries, patterns } = this.#members
    if (fingerprints.has(rsa)) return true
    if (nickname !== undefined && nicknames.has(nickname.toLowerCase())) return true
    if (countries.size > 0 && countries.has(homeCountry(relay, lookup) ?? UNKNOWN_COUNTRY)) return true
    if (patterns.length === 0) return false
    return endpoints.some(({ host, port }) => matchesAny(patterns, parseAddress(host), port))
  }
}

/** A relay is where its IPv4 address is, as in `rows`; undefined where that is not known. */
export function homeCountry({ endpoints }: DescribedRelay, lookup: CountryLookup): CountryCode | undefined {
  const home = endpoints.find(({ host }) => !host.includes(':')) ?? endpoints[0]
  return home === undefined ? undefined : lookup.countryOf(home.host)
}

function markRows(rows: Uint8Array, isMeant: (row: number) => boolean): void {
  for (let row = 0; row < rows.length; row++) {
    if (rows[row] === 0 && isMeant(row)) rows[row] = 1
  }
}

/** Looks at a relay's endpoints as text only where a port or an IPv6 address can matter. */
function patternTest(netDir: NodeSetNetDir, patterns: readonly AddressPattern[]): (row: number) => boolean {
  const needsText = patterns.some((pattern) => pattern.mayHoldIpv6 || !holdsEveryPort(pattern))
  if (needsText) {
    return (row) => {
      const { ipv4, ipv6 } = netDir.relay(row)
      if (matchesAny(patterns, parseAddress(ipv4.host), ipv4.port)) return true
      return ipv6 !== undefined && matchesAny(patterns, parseAddress(ipv6.host), ipv6.port)
    }
  }
  const address = new Uint32Array(1)
  return (row) => {
    address[0] = netDir.ipv4Value(row)
    return matchesAny(patterns, address, 1)
  }
}

function matchesAny(patterns: readonly AddressPattern[], address: Address, port: number): boolean {
  return patterns.some((pattern) => matchesPattern(pattern, address, port))
}

function holdsEveryPort(pattern: AddressPattern): boolean {
  return pattern.leastPort === 1 && pattern.greatestPort === 65_535
}

export const EMPTY_NODE_SET: NodeSet = parseNodeSet('', 'no option')
