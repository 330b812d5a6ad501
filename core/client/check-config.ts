/** What a configuration must hold to, wherever it comes from: asked before a client is made or changed, and by who only checks. */
import { checkGuardOptions } from '../guard/guard-limits.ts'
import { TorError } from '../util/errors.ts'
import { checkBridging } from './bridges.ts'
import type { ClientConfig } from './config.ts'
import { checkNameOptions } from './name-rewriter.ts'

/** Throws `bad-config`, in words, for what cannot all hold. Reads no file. */
export function checkClientConfig(config: ClientConfig): void {
  if (!config.useIpv4 && !config.useIpv6) {
    throw new TorError(
      'bad-config',
      'ClientUseIPv4 and ClientUseIPv6 are both off: no relay could be reached',
    )
  }
  checkBridging(config)
  checkGuardOptions(config)
  checkNameOptions(config)
}
