/**
 * Buffers whose memory lies outside V8's heap and is not needed any more a moment after it was made. V8 counts some
 * hundred bytes for each, and finds no reason to collect them while tens of megabytes stand behind them: who makes them
 * says how much it was. Whose process it is decides what follows, for a library may not; unless it does, nothing.
 */

let collect: (() => void) | undefined
let limitBytes = 0
let spentBytes = 0

/** From now on `how` is called whenever so many bytes were spent. */
export function collectSpentBuffers(everyBytes: number, how: () => void): void {
  limitBytes = everyBytes
  collect = how
}

/** Called for each buffer that is made: it costs an addition. */
export function noteSpentBuffer(bytes: number): void {
  spentBytes += bytes
  if (spentBytes < limitBytes || collect === undefined) return
  spentBytes = 0
  collect()
}
