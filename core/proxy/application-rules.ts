/** What every front door holds its applications to, whichever listener they come through. */
import type { AddressPolicy } from '../util/address-policy.ts'

export interface ApplicationRules {
  /** SocksPolicy: which addresses applications may come from; undefined is all that can reach the listener. */
  readonly socksPolicy: AddressPolicy | undefined
  /** SafeSocks: SOCKS requests that looked their name up elsewhere (they name an IP address) are refused. */
  readonly refusesUnsafeSocks: boolean
  /** TestSocks: each SOCKS request is logged as safe or unsafe in that sense. */
  readonly reportsSocksSafety: boolean
  /** SocksTimeout: how long one request may take in all, milliseconds. */
  readonly requestLimitMs: number
}

/** C tor's defaults. */
export const DEFAULT_APPLICATION_RULES: ApplicationRules = {
  socksPolicy: undefined,
  refusesUnsafeSocks: false,
  reportsSocksSafety: false,
  requestLimitMs: 2 * 60_000,
}
