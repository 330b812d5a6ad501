/** What the oldest runtime of the app lacks; to be imported before anything that may use it. */
import { webcrypto } from 'node:crypto'

// Libraries for cryptography take their randomness from there; Electron 25 has it in windows only.
if (!('crypto' in globalThis)) {
  Object.defineProperty(globalThis, 'crypto', { value: webcrypto, configurable: true })
}
