/**
 * Which implementation of each primitive is in use. Module state on purpose: the choice belongs to the runtime, not
 * to a client, two clients in one process would choose alike, and no layer above has to carry a crypto object about.
 */
import { nodePrimitives } from './node-primitives.ts'
import { portablePrimitives } from './portable-primitives.ts'
import type { Primitives } from './primitives.ts'

// Until the calibration ran: what every runtime has. BoringSSL has no SHA-3.
let chosen: Primitives = { ...nodePrimitives, sha3: portablePrimitives.sha3 }

export function chosenPrimitives(): Primitives {
  return chosen
}

/** Objects made before keep their implementation; those made from now on use the new one. */
export function choosePrimitives(primitives: Primitives): void {
  chosen = primitives
}
