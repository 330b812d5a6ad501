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
  const usual: unknown = Reflect.get(Socket.prototype, 'connect')
  if (typeof usual !== 'function') throw new TypeError('sockets cannot connect here')
  Socket.prototype.connect = function (this: Socket, ...args: unknown[]): Socket {
    dialled.push(targetOf(args))
    Reflect.apply(usual, this, args)
    return this
  }
  return { dialled, stop: () => void Reflect.set(Socket.prototype, 'connect', usual) }
}

/** Node calls it with an array of its own around the options. */
function targetOf(args: readonly unknown[]): string {
  const [first, second]: readonly unknown[] = Array.isArray(args[0]) ? args[0] : args
  if (typeof first !== 'object' || first === null) return `${String(second)}:${String(first)}`
  const path: unknown = Reflect.get(first, 'path')
  if (typeof path === 'string') return path
  const host: unknown = Reflect.get(first, 'host')
  const port: unknown = Reflect.get(first, 'port')
  return `${typeof host === 'string' ? host : 'localhost'}:${String(port)}`
}
