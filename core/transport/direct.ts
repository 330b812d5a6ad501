/** Plain TCP to a relay's IP address. Refuses host names, so that no relay's address is ever looked up by DNS. */
import { connect, isIP } from 'node:net'
import type { Endpoint } from '../linkspec/relay-target.ts'
import { abortError, throwIfAborted } from '../util/abort.ts'
import { TorError } from '../util/errors.ts'
import type { Transport } from './transport.ts'

export const directTransport: Transport = {
  name: 'direct',
  connect(endpoint: Endpoint, signal: AbortSignal) {
    throwIfAborted(signal)
    if (isIP(endpoint.host) === 0) throw new TorError('internal', 'a relay endpoint must be an IP address')
    return new Promise((resolve, reject) => {
      const socket = connect({ host: endpoint.host, port: endpoint.port, noDelay: true })
      const finish = (): void => {
        socket.removeListener('connect', onConnect)
        socket.removeListener('error', onError)
        signal.removeEventListener('abort', onAbort)
      }
      const onConnect = (): void => {
        finish()
        resolve(socket)
      }
      const onError = (error: Error): void => {
        finish()
        socket.destroy()
        reject(
          new TorError('channel-failed', `cannot connect to the relay: ${describeSocketError(error)}`, {
            cause: error,
            retry: 'elsewhere',
          }),
        )
      }
      const onAbort = (): void => {
        finish()
        socket.on('error', () => {})
        socket.destroy()
        reject(abortError(signal))
      }
      socket.once('connect', onConnect)
      socket.once('error', onError)
      signal.addEventListener('abort', onAbort, { once: true })
    })
  },
}

/** The system's error code in words without the address, which does not belong in an error's text. */
function describeSocketError(error: Error): string {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : error.name
  return code
}
