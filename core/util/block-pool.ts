/**
 * Reuses 64 KiB blocks for data in transit, so that a thousand idle streams hold none and a busy one makes no garbage.
 * Single-threaded by nature; whoever takes a block owns it until it gives it back.
 */

/** 131 relay cells' payload, or 128 relay cell bodies; also what one read of a socket delivers at most. */
export const BLOCK_BYTES = 65_536

/** 2 MiB kept for reuse covers some thirty busy streams; more is left to the garbage collector. */
const MAX_KEPT_BLOCKS = 32

const free: Buffer[] = []

/** A block with unspecified contents: read only what you wrote. */
export function takeBlock(): Buffer {
  return free.pop() ?? Buffer.allocUnsafeSlow(BLOCK_BYTES)
}

/** The caller must hold no view of it any more. */
export function giveBlock(block: Buffer): void {
  if (free.length < MAX_KEPT_BLOCKS) free.push(block)
}
