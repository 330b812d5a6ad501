/**
 * Every rewriting of hosts in one place: MapAddress, and the addresses that AutomapHostsOnResolve makes up. Streams and
 * look-ups come through here before anything is decided about them.
 */
import { isIP } from 'node:net'
import type { IsolationKey } from '../circuit-manager/isolation.ts'
import { TorError } from '../util/errors.ts'
import type { Random } from '../util/random.ts'
import { AddressMap, followRewrites } from './address-map.ts'
import type { FamilyPreference, ResolvedAddress } from './client-port.ts'
import type { ClientConfig } from './config.ts'
import { parseStreamHost, type StreamHost } from './stream-target.ts'
import { type AddressFamily, parseVirtualNetwork, VirtualAddresses } from './virtual-addresses.ts'

/** Short: the address is forgotten when it has not been used for long. */
const VIRTUAL_TTL_SECONDS = 60

export type NameOptions = Pick<
  ClientConfig,
  | 'addressMap'
  | 'automapHostsOnResolve'
  | 'automapHostsSuffixes'
  | 'virtualNetworkIpv4'
  | 'virtualNetworkIpv6'
>

export class NameRewriter {
  readonly #random: Random
  #options: NameOptions
  #map: AddressMap
  #virtual: VirtualAddresses

  /** Throws `bad-config`, in words, for an address map or a virtual network that is no good. */
  constructor(options: NameOptions, random: Random) {
    this.#random = random
    this.#options = options
    this.#map = new AddressMap(options.addressMap)
    this.#virtual = makeVirtualAddresses(options, random)
  }

  /** Takes over changed options; what was made up before stays if its network does. Throws as the constructor does. */
  useOptions(options: NameOptions): void {
    if (options === this.#options) return
    if (options.addressMap !== this.#options.addressMap) this.#map = new AddressMap(options.addressMap)
    const { virtualNetworkIpv4, virtualNetworkIpv6 } = this.#options
    const isSameNetwork =
      options.virtualNetworkIpv4 === virtualNetworkIpv4 && options.virtualNetworkIpv6 === virtualNetworkIpv6
    if (!isSameNetwork) this.#virtual = makeVirtualAddresses(options, this.#random)
    this.#options = options
  }

  /**
   * The host to go to instead. Throws `bad-target` for an address of the virtual networks that stands for nothing in
   * this scope: it must never be asked of an exit.
   */
  rewrite(host: StreamHost, scope: IsolationKey): StreamHost {
    if (this.#map.isEmpty && !this.#options.automapHostsOnResolve) return host
    return parseStreamHost(followRewrites(host.host, (current) => this.#step(current, scope)))
  }

  /** Addresses of our own making for a name with one of the suffixes, of the allowed families, the preferred first. */
  virtualAddressesOf(
    { host, kind }: StreamHost,
    families: FamilyPreference,
    scope: IsolationKey,
  ): readonly ResolvedAddress[] | undefined {
    if (!this.#options.automapHostsOnResolve || kind === 'ipv4' || kind === 'ipv6') return undefined
    if (!this.#options.automapHostsSuffixes.some((suffix) => hasSuffix(host, suffix))) return undefined
    const wanted: AddressFamily[] = []
    if (families.allowsIpv4) wanted.push('ipv4')
    if (families.allowsIpv6) wanted.push('ipv6')
    if (families.prefersIpv6) wanted.reverse()
    return wanted.map((family) => ({
      address: this.#virtual.addressFor(host, family, scope),
      family,
      ttlSeconds: VIRTUAL_TTL_SECONDS,
    }))
  }

  /** The name that an address was made up for, in this scope. */
  nameBehind(host: string, scope: IsolationKey): string | undefined {
    return this.#isVirtual(host) ? this.#virtual.nameOf(host, scope) : undefined
  }

  /** For a new identity: what was made up for the old one leads nowhere. */
  clear(): void {
    this.#virtual.clear()
  }

  #step(host: string, scope: IsolationKey): string | undefined {
    const mapped = this.#map.rewriteOnce(host)
    if (mapped !== undefined || !this.#isVirtual(host)) return mapped
    const name = this.#virtual.nameOf(host, scope)
    if (name === undefined) throw new TorError('bad-target', 'a virtual address that stands for no name here')
    return name
  }

  #isVirtual(host: string): boolean {
    if (!this.#options.automapHostsOnResolve || isIP(host) === 0 || host.includes('%')) return false
    return this.#virtual.contains(host)
  }
}

/** Throws `bad-config`, in words, for an address map or a virtual network that is no good. */
export function checkNameOptions(options: NameOptions): void {
  void new AddressMap(options.addressMap)
  void parseVirtualNetworks(options)
}

/** `.` is every name. */
function hasSuffix(host: string, suffix: string): boolean {
  const wanted = suffix.toLowerCase()
  return wanted === '.' || host.endsWith(wanted) || `.${host}` === wanted
}

function makeVirtualAddresses(options: NameOptions, random: Random): VirtualAddresses {
  return new VirtualAddresses({ ...parseVirtualNetworks(options), random })
}

function parseVirtualNetworks({ virtualNetworkIpv4, virtualNetworkIpv6 }: NameOptions) {
  return {
    ipv4: parseVirtualNetwork(virtualNetworkIpv4, 'ipv4', 'VirtualAddrNetworkIPv4'),
    ipv6: parseVirtualNetwork(virtualNetworkIpv6, 'ipv6', 'VirtualAddrNetworkIPv6'),
  }
}
