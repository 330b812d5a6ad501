/** The options by which a user says what a firewall lets through, as one policy over relays' addresses and ports. */
import { type AddressPolicy, parseAddressPolicy } from './address-policy.ts'

/** The options' values as C tor has them; a list is empty when its option is not set. */
export interface FirewallOptions {
  readonly reachableAddresses: readonly string[]
  /** Wins over `reachableAddresses`. */
  readonly reachableOrAddresses: readonly string[]
  readonly isFascistFirewall: boolean
  /** Used with FascistFirewall where no addresses are named; empty is C tor's 80 and 443. */
  readonly firewallPorts: readonly number[]
}

/** The ports that nearly every firewall lets through. */
const DEFAULT_FIREWALL_PORTS = [80, 443]

/** Undefined when all of them are reachable. Throws `bad-config`, naming the option, also for a policy that reaches nobody. */
export function parseReachableAddresses(options: FirewallOptions): AddressPolicy | undefined {
  const { option, lines } = chooseLines(options)
  if (lines.length === 0) return undefined
  return parseAddressPolicy(lines, option, { assumed: 'accept', rejectsOthers: true })
}

function chooseLines(options: FirewallOptions): { option: string; lines: readonly string[] } {
  if (options.reachableOrAddresses.length > 0) {
    return { option: 'ReachableORAddresses', lines: options.reachableOrAddresses }
  }
  if (options.reachableAddresses.length > 0 || !options.isFascistFirewall) {
    return { option: 'ReachableAddresses', lines: options.reachableAddresses }
  }
  const ports = options.firewallPorts.length > 0 ? options.firewallPorts : DEFAULT_FIREWALL_PORTS
  return { option: 'FirewallPorts', lines: ports.map((port) => `*:${port}`) }
}
