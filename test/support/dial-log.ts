/** Every address that this process connects to, whoever does it and by whichever module: what a test says must not happen shows here. */
import { Socket } from 'node:net'

export interface DialLog {
  /** `host:port`, in order, each as often as it was dialled. */
  readonly dialled: readonly string[]
  stop(): void
}

/** `net.connect` and `tls.connect` come through here; one log at a time. */
export function logDials(): DialLog {
  const dialled: string[] = []
  const usual = Socket.prototype.connect
  Socket.prototype.connect = function (this: Socket, ...args: unknown[]): Socket {
    dialled.push(targetOf(args))
    Reflect.apply(usual, this, args)
    return this
  }
  return { dialled, stop: () => void (Socket.prototype.connect = usual) }
}

/** Node calls it with an array of its own around the options. */
function targetOf(args: readonly unknown[]): string {
  const [first, second] = Array.isArray(args[0]) ? args[0] : args
  if (typeof first !== 'object' || first === null) return `${String(second)}:${String(first)}`
  if ('path' in first && typeof first.path === 'string') return first.path
  const host = 'host' in first ? String(first.host) : 'localhost'
  return `${host}:${'port' in first ? String(first.port) : ''}`
}
