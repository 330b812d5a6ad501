/** Rules of accept and reject over addresses and ports in the form of exit policies, the first match counts (dir-spec 2.1.3). */
import { TorError } from './errors.ts'

/** What a user may allow or forbid by address and port: `SocksPolicy`, `ReachableAddresses`. */
export interface AddressPolicy {
  /** As the user wrote it. */
  readonly text: string
  /** `host` is an IP literal. What no rule names is accepted. */
  accepts(host: string, port: number): boolean
}

/** Throws `bad-config` for a rule that cannot be read, naming `option`. */
export function parseAddressPolicy(lines: readonly string[], option: string): AddressPolicy {
  throw new TorError('bad-config', `${option}: not supported yet: ${lines.length} rules`)
}
