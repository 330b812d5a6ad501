/** Plain TCP to a relay's IP address. */
import { isIP } from 'node:net'
import { TorError } from '../util/errors.ts'
import type { Transport } from './transport.ts'

export const directTransport: Transport = {
  name: 'direct',
  carrierFor({ host, port }) {
    if (isIP(host) === 0) throw new TorError('internal', 'a relay endpoint must be an IP address')
    return { kind: 'tcp', host, port }
  },
}
