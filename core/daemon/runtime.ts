/**
 * How V8 collects garbage in our processes: short-lived buffers soon, and the young without help.
 *
 * Of Node's four helper threads one is enough (`--v8-pool-size=1`, which the program that starts us has to say): what each
 * has once taken for compiling stays with its own part of the C library's memory, 1 to 2 MB.
 */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { collectSpentBuffers } from '../util/spent-buffers.ts'

/** Three layers of a busy circuit spend so much for each megabyte and a third of traffic. */
const SPENT_BYTES = 4_000_000

/**
 * A busy circuit makes some 60 KB of buffers in a turn. They die at once, but hold their memory until the young
 * generation is collected. It stays at its first size, and is also collected for every 4 MB that were spent: what waits
 * longer for that is moved to the old generation with the few that are still in use.
 *
 * There, V8 counts the buffers: it would let the heap grow so little between full collections that they bring one on every
 * 3 MB of traffic, a third of the CPU of a download. With room for another 60 % of what is alive there is one for some
 * 50 MB, as most are collected young. More room means fewer and saves nothing; it takes 20 MB.
 *
 * So small a young generation is collected in half a millisecond. V8 would share even that among threads and then wait for
 * the last of them: a tenth more CPU, and where other programs keep the processors busy, the whole client stands still
 * for tens of milliseconds until a helper has had its turn.
 */
export function tuneRuntime(): void {
  setFlagsFromString('--semi-space-growth-factor=1')
  setFlagsFromString('--heap-growing-percent=60')
  setFlagsFromString('--no-parallel-scavenge')
  const collectYoung = youngCollector()
  if (collectYoung !== undefined) collectSpentBuffers(SPENT_BYTES, collectYoung)
}

/** V8's `gc`, which only a new context gets and only while a flag says so; undefined in a runtime that has none. */
function youngCollector(): (() => void) | undefined {
  setFlagsFromString('--expose-gc')
  const collect: unknown = runInNewContext('globalThis.gc')
  setFlagsFromString('--no-expose-gc')
  if (typeof collect !== 'function') return undefined
  return () => {
    Reflect.apply(collect, undefined, [{ type: 'minor' }])
  }
}
