/** The other end of a transport is not the one that the bridge line names; nothing is said of the fingerprint. */
import { TorError } from '../util/errors.ts'

export class TransportIdentityError extends TorError {
  constructor(message: string) {
    super('wrong-identity', message, { retry: 'elsewhere' })
  }
}
