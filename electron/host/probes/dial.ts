/** A TCP connection for a probe: directly, or through the proxy of the settings and then never past it. */
import { connect, type Socket } from 'node:net'
import { type Clock, dialTcp } from '../../../core/index.ts'
import type { UpstreamProxySetting } from '../../ipc/settings.ts'
import { toUpstreamProxy } from '../core-config.ts'

/** The socket is the caller's to destroy. Rejects with the system's error, `proxy-failed` or `bad-config`. */
export async function dial(
  target: { readonly host: string; readonly port: number; readonly proxy: UpstreamProxySetting | null },
  clock: Clock,
  signal: AbortSignal,
): Promise<Socket> {
  const { host, port, proxy } = target
  if (proxy !== null) {
    const way = { proxy: toUpstreamProxy(proxy), localAddress: undefined }
    return dialTcp({ host, port }, way, clock, signal)
  }
  return dialDirectly(host, port, signal)
}

function dialDirectly(host: string, port: number, signal: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port })
    const fail = (error: unknown): void => {
      socket.destroy()
      reject(error)
    }
    const onAbort = (): void => fail(new Error('no answer in time'))
    signal.addEventListener('abort', onAbort, { once: true })
    socket.on('error', fail)
    socket.once('connect', () => {
      signal.removeEventListener('abort', onAbort)
      resolve(socket)
    })
  })
}
