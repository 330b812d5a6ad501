/**
 * Connections as the kernel hands them over, before Node has made a socket of each. A socket that is given its read buffer
 * when it is made reads at half the cost (`app-socket.ts`), and Node makes those of a server without one; to make another
 * of the same connection and to dismantle the first cost a quarter of accepting it. Nothing documented says how a server
 * is told of connections, so a release of Node that does it in another way gives none here, and sockets as ever.
 */
import type { Server } from 'node:net'

/** A connection that nobody owns yet: whoever takes it makes a socket of it, or it stays open. */
export interface AcceptedHandle {
  /** Reads into a buffer of the caller's. */
  useUserBuffer(buffer: Uint8Array): void
}

const HOOK = 'onconnection'

/**
 * From now on `server`, which listens, gives its connections to `onHandle` instead of making sockets of them; errors come
 * as before. Where that cannot be done, connections come as 'connection' events, all or one by one.
 */
export function takeHandles(server: Server, onHandle: (handle: AcceptedHandle) => void): void {
  const listening: unknown = Reflect.get(server, '_handle')
  if (typeof listening !== 'object' || listening === null) return
  const makeSocket: unknown = Reflect.get(listening, HOOK)
  if (typeof makeSocket !== 'function') return
  Reflect.set(listening, HOOK, (status: unknown, handle: unknown) => {
    if (status === 0 && isAcceptedHandle(handle)) onHandle(handle)
    else Reflect.apply(makeSocket, listening, [status, handle])
  })
}

function isAcceptedHandle(handle: unknown): handle is AcceptedHandle {
  return (
    typeof handle === 'object' &&
    handle !== null &&
    typeof Reflect.get(handle, 'useUserBuffer') === 'function'
  )
}
