/** Rules of accept and reject over addresses and ports in the form of exit policies, the first match counts (dir-spec 2.1.3). */
import { type AddressPattern, matchesPattern, parseAddress, parseAddressPattern } from './address-range.ts'
import { TorError } from './errors.ts'

/** What a user may allow or forbid by address and port: `SocksPolicy`, `ReachableAddresses`. */
export interface AddressPolicy {
  /** As the user wrote it. */
  readonly text: string
  /** `host` is an IP literal. What no rule names is accepted. */
  accepts(host: string, port: number): boolean
}

export interface AddressPolicyOptions {
  /** What a rule means that says neither accept nor reject; without it such a rule cannot be read. */
  readonly assumed?: 'accept' | 'reject'
  /** Whether what no rule names is rejected instead; then a list that accepts nothing at all is an error. */
  readonly rejectsOthers?: boolean
}

interface AddressRule extends AddressPattern {
  readonly isAccept: boolean
  /** Whether no later rule can ever count. */
  readonly isEverything: boolean
}

/** A user's list has tens of rules; a pasted block list of thousands would be walked for every address. */
const MAX_RULES = 1_000
/** How much of a bad rule is quoted back. */
const MAX_QUOTE_LENGTH = 80

/** Each line is a list with commas. Throws `bad-config` for a rule that cannot be read, naming `option`. */
export function parseAddressPolicy(
  lines: readonly string[],
  option: string,
  options: AddressPolicyOptions = {},
): AddressPolicy {
  const items = lines.flatMap((line) => line.split(',').map((item) => item.trim()))
  const rules = items.filter((item) => item !== '').map((item) => parseRule(item, option, options))
  if (rules.length > MAX_RULES) throw new TorError('bad-config', `${option}: more than ${MAX_RULES} rules`)
  const accepted = options.rejectsOthers !== true
  if (!accepted && rules.length > 0 && !acceptsSomething(rules)) {
    throw new TorError('bad-config', `${option}: every address is rejected`)
  }
  return {
    text: lines.join(','),
    accepts(host, port) {
      const address = parseAddress(host)
      return rules.find((rule) => matchesPattern(rule, address, port))?.isAccept ?? accepted
    },
  }
}

function acceptsSomething(rules: readonly AddressRule[]): boolean {
  return rules.find((rule) => rule.isAccept || rule.isEverything)?.isAccept === true
}

function parseRule(item: string, option: string, { assumed }: AddressPolicyOptions): AddressRule {
  const words = item.split(/\s+/)
  const action = words.length > 1 ? words[0]?.toLowerCase() : assumed
  const isVersion6Only = action === 'accept6' || action === 'reject6'
  const isAccept = action === 'accept' || action === 'accept6'
  if (words.length > 2 || !(isAccept || action === 'reject' || action === 'reject6')) {
    return badRule(option, item, assumed)
  }
  const text = words[words.length - 1] ?? ''
  // In an IPv6 rule the star is all of IPv6; an IPv4 address makes no sense there.
  const pattern = parseAddressPattern(isVersion6Only ? text.replace(/^\*(?![46])/, '*6') : text)
  if (pattern === undefined || (isVersion6Only && /^(\*4|[0-9])/.test(text))) {
    return badRule(option, item, assumed)
  }
  return { isAccept, isEverything: !isVersion6Only && /^\*(:\*|:1-65535)?$/.test(text), ...pattern }
}

function badRule(option: string, item: string, assumed: 'accept' | 'reject' | undefined): never {
  const action = assumed === undefined ? 'accept or reject, then ' : ''
  throw new TorError(
    'bad-config',
    `${option}: expected ${action}address[/mask][:port] with IPv6 in brackets, got "${item.slice(0, MAX_QUOTE_LENGTH)}"`,
  )
}
