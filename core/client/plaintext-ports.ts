/** WarnPlaintextPorts and RejectPlaintextPorts, for every stream that an exit would see, whoever asks for it. */
import { TorError } from '../util/errors.ts'
import type { Logger } from '../util/log.ts'
import { OnceNotices } from '../util/once-notices.ts'
import type { ClientConfig } from './config.ts'
import type { StreamTarget } from './stream-target.ts'

export class PlaintextPorts {
  readonly #notices: OnceNotices

  constructor(log: Logger) {
    this.#notices = new OnceNotices(log)
  }

  /** Warns once for each port. Throws `not-allowed`. What goes to an onion service no exit can read. */
  check(
    { port, kind }: StreamTarget,
    {
      rejectPlaintextPorts,
      warnPlaintextPorts,
    }: Pick<ClientConfig, 'rejectPlaintextPorts' | 'warnPlaintextPorts'>,
  ): void {
    if (kind === 'onion') return
    const isRejected = rejectPlaintextPorts.includes(port)
    if (isRejected || warnPlaintextPorts.includes(port)) {
      this.#notices.warn(
        `plaintext port ${port}`,
        `An application connects to port ${port}, where protocols usually send passwords unencrypted: the exit relay ` +
          `could read them.${isRejected ? ' RejectPlaintextPorts refuses it.' : ''}`,
      )
    }
    if (isRejected) throw new TorError('not-allowed', 'RejectPlaintextPorts refuses this port')
  }
}
