/** What the oldest runtime of the app lacks; to be imported before anything that may use it. */
import { webcrypto } from 'node:crypto'
import { PassThrough } from 'node:stream'
import { TLSSocket } from 'node:tls'

// Libraries for cryptography take their randomness from there; Electron 25 has it in windows only.
if (!('crypto' in globalThis)) {
  Object.defineProperty(globalThis, 'crypto', { value: webcrypto, configurable: true })
}

/** Node before 20 ends the process where TLS is ended in the breath in which the stream that carries it has closed. */
const FIRST_WITHOUT_THAT = 20

if (Number.parseInt(process.versions.node, 10) < FIRST_WITHOUT_THAT) {
  const probe = new TLSSocket(new PassThrough())
  const carrier: unknown = Reflect.get(Object(Reflect.get(probe, '_handle')), '_parentWrap')
  const prototype: unknown = Object.getPrototypeOf(Object(carrier))
  const shutDown: unknown = Reflect.get(Object(prototype), 'doShutdown')
  if (typeof shutDown === 'function') {
    Reflect.set(Object(prototype), 'doShutdown', function (this: object, request: unknown): unknown {
      // What would be told of the end is gone, and so is what the end would be told to.
      if (Reflect.get(this, '_handle') === null) return 0
      const code: unknown = Reflect.apply(shutDown, this, [request])
      return code
    })
  }
  probe.destroy()
}
