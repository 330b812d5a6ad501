/**
 * AutomapHostsOnResolve: addresses of our own making that stand for names which have none, such as onion addresses.
 * Who looked a name up, and nobody else, may connect to its address: the addresses are drawn at random and kept apart
 * by scope, so that the table tells one identity nothing of another (TROVE-2026-036, TROVE-2026-050).
 */
import type { IsolationKey } from '../circuit-manager/isolation.ts'
import { TorError } from '../util/errors.ts'
import { formatIp, IPV4_BYTES, parseIp } from '../util/ip-address.ts'
import { type Random, randomBytes } from '../util/random.ts'

/** Names that one scope may hold, and scopes in all; the least lately used goes first. About 300 bytes each. */
const MAX_NAMES_PER_SCOPE = 256
const MAX_SCOPES = 64

/** Addresses that were given up lately: an application may hold one still, and must not reach another name by it. */
const MAX_QUARANTINED = 16_384

/** The smallest network is at most half full with all of the above: so many draws never fail. */
const MAX_DRAWS = 256

/** C tor's bounds: a network that small would run out. */
const MOST_IPV4_BITS = 16
const MOST_IPV6_BITS = 104

export type AddressFamily = 'ipv4' | 'ipv6'

/** A network that addresses are drawn from. */
export interface VirtualNetwork {
  readonly prefix: Buffer
  readonly bits: number
}

/** `address/bits`, an IPv6 address with or without brackets. Throws `bad-config`, naming `option`. */
export function parseVirtualNetwork(text: string, family: AddressFamily, option: string): VirtualNetwork {
  const [, address = '', bitsText = ''] = /^\[?([0-9A-Fa-f.:]+)\]?\/([0-9]{1,3})$/.exec(text) ?? []
  const bits = Number(bitsText)
  let prefix: Buffer
  try {
    prefix = parseIp(address)
  } catch {
    throw new TorError('bad-config', `${option}: ${text} is no network of the form address/bits`)
  }
  const isIpv4 = prefix.length === IPV4_BYTES
  if (isIpv4 !== (family === 'ipv4')) {
    throw new TorError('bad-config', `${option}: ${text} is of the wrong address family`)
  }
  const most = isIpv4 ? MOST_IPV4_BITS : MOST_IPV6_BITS
  if (bits > most) throw new TorError('bad-config', `${option}: a network of /${most} or larger is needed`)
  return { prefix, bits }
}

interface Scope {
  readonly addressByName: Map<string, string>
  /** In the order of their last use. */
  readonly nameByAddress: Map<string, { readonly name: string; readonly family: AddressFamily }>
}

export interface VirtualAddressesOptions {
  readonly ipv4: VirtualNetwork
  readonly ipv6: VirtualNetwork
  readonly random: Random
}

export class VirtualAddresses {
  readonly #options: VirtualAddressesOptions
  readonly #scopes = new Map<IsolationKey, Scope>()
  /** Every address that is given out, of all scopes. */
  readonly #used = new Set<string>()
  readonly #quarantined = new Set<string>()

  constructor(options: VirtualAddressesOptions) {
    this.#options = options
  }

  /** Whether the address could be one of ours: it never goes to an exit then. */
  contains(address: string): boolean {
    const bytes = parseIp(address)
    const { prefix, bits } = bytes.length === IPV4_BYTES ? this.#options.ipv4 : this.#options.ipv6
    return isInNetwork(bytes, prefix, bits)
  }

  /** The address that stands for the name within the scope; the same one while it is remembered. */
  addressFor(name: string, family: AddressFamily, scopeKey: IsolationKey): string {
    const scope = this.#enterScope(scopeKey)
    const key = `${family} ${name}`
    const known = scope.addressByName.get(key)
    if (known !== undefined) {
      this.#touch(scope, known)
      return known
    }
    const address = this.#draw(family)
    this.#used.add(address)
    scope.addressByName.set(key, address)
    scope.nameByAddress.set(address, { name, family })
    if (scope.nameByAddress.size > MAX_NAMES_PER_SCOPE) this.#forgetOldest(scope)
    return address
  }

  /** What the address stands for within the scope. */
  nameOf(address: string, scopeKey: IsolationKey): string | undefined {
    const scope = this.#scopes.get(scopeKey)
    const entry = scope?.nameByAddress.get(address)
    if (scope === undefined || entry === undefined) return undefined
    this.#enterScope(scopeKey)
    this.#touch(scope, address)
    return entry.name
  }

  /** Forgets all; the addresses are not given out again soon. */
  clear(): void {
    for (const key of [...this.#scopes.keys()]) this.#forgetScope(key)
  }

  #enterScope(key: IsolationKey): Scope {
    const scope = this.#scopes.get(key) ?? { addressByName: new Map(), nameByAddress: new Map() }
    this.#scopes.delete(key)
    this.#scopes.set(key, scope)
    const [oldest] = this.#scopes.keys()
    if (this.#scopes.size > MAX_SCOPES && oldest !== undefined) this.#forgetScope(oldest)
    return scope
  }

  #touch(scope: Scope, address: string): void {
    const entry = scope.nameByAddress.get(address)
    if (entry === undefined) return
    scope.nameByAddress.delete(address)
    scope.nameByAddress.set(address, entry)
  }

  #forgetOldest(scope: Scope): void {
    const [oldest] = scope.nameByAddress
    if (oldest === undefined) return
    const [address, { name, family }] = oldest
    scope.nameByAddress.delete(address)
    scope.addressByName.delete(`${family} ${name}`)
    this.#giveUp(address)
  }

  #forgetScope(key: IsolationKey): void {
    for (const address of this.#scopes.get(key)?.nameByAddress.keys() ?? []) this.#giveUp(address)
    this.#scopes.delete(key)
  }

  #giveUp(address: string): void {
    this.#used.delete(address)
    this.#quarantined.add(address)
    const [oldest] = this.#quarantined
    if (this.#quarantined.size > MAX_QUARANTINED && oldest !== undefined) this.#quarantined.delete(oldest)
  }

  #draw(family: AddressFamily): string {
    const { prefix, bits } = this.#options[family]
    for (let draw = 0; draw < MAX_DRAWS; draw++) {
      const bytes = randomBytes(this.#options.random, prefix.length)
      for (let bit = 0; bit < bits; bit++) copyBit(prefix, bytes, bit)
      const address = formatIp(bytes)
      if (isOddHost(bytes) || this.#used.has(address) || this.#quarantined.has(address)) continue
      return address
    }
    throw new TorError('limit', 'no virtual address is free', { retry: 'later' })
  }
}

/** Some programs take addresses that end in 0 or 255 for networks and broadcasts. */
function isOddHost(bytes: Buffer): boolean {
  const last = bytes.at(-1)
  return last === 0 || last === 255
}

function copyBit(from: Buffer, to: Buffer, bit: number): void {
  const at = bit >> 3
  const mask = 0x80 >> (bit & 7)
  to[at] = ((to[at] ?? 0) & ~mask) | ((from[at] ?? 0) & mask)
}

function isInNetwork(bytes: Buffer, prefix: Buffer, bits: number): boolean {
  for (let bit = 0; bit < bits; bit++) {
    const mask = 0x80 >> (bit & 7)
    if ((((bytes[bit >> 3] ?? 0) ^ (prefix[bit >> 3] ?? 0)) & mask) !== 0) return false
  }
  return true
}
