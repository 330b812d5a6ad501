/**
 * How V8 works in our processes: short-lived buffers are collected soon, the young without help, and code that is in use
 * is compiled early, behind those who use it.
 *
 * Two things only the program that starts us can say. Of Node's four helper threads one is enough (`--v8-pool-size=1`): what
 * each has once taken for compiling stays with its own part of the C library's memory, 1 to 2 MB. And a young generation of
 * 4 MB instead of 1 (`--min-semi-space-size=4`) holds most of what 200 requests at once keep alive: in a smaller one each is
 * copied twice on its way to the old generation.
 */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { collectSpentBuffers } from '../util/spent-buffers.ts'
import { lowerHelperThreads } from './helper-threads.ts'

/** Three layers of a busy circuit spend so much for each 2 MB of traffic. */
const SPENT_BYTES = 6_000_000

/** To be called once, as the process starts. */
export function tuneRuntime(): void {
  lowerHelperThreads()
  collectShortLivedBuffersYoung()
  compileEarly()
}

/**
 * A busy circuit makes some 60 KB of buffers in a turn. They die at once, but hold their memory until the young
 * generation is collected. It stays at its first size, and is also collected for every 6 MB that were spent. The few that
 * are in use just then, and again at the next collection, move to the old generation.
 *
 * There, V8 counts the buffers. It would let a heap as small as ours grow so little between full collections that they
 * bring one on every 3 MB of traffic, a third of the CPU of a download. With room for another 70 % of what is alive, and
 * that is above what may be spent, there is one for some 50 MB. Three times the room would save nothing and take 20 MB.
 *
 * So small a young generation is collected in half a millisecond. V8 would share even that among threads and then wait for
 * the last of them: a tenth more CPU, and where other programs keep the processors busy, the whole client stands still
 * for tens of milliseconds until a helper has had its turn.
 */
function collectShortLivedBuffersYoung(): void {
  setFlagsFromString('--semi-space-growth-factor=1')
  setFlagsFromString('--heap-growing-percent=70')
  setFlagsFromString('--no-parallel-scavenge')
  const collectYoung = youngCollector()
  if (collectYoung !== undefined) collectSpentBuffers(SPENT_BYTES, collectYoung)
}

/**
 * V8 optimizes a function once it has run so much byte code, an eighth of what it waits for by itself. What a client does is
 * the same over and over: after some 300 requests a burst of others costs three quarters of the CPU, and a download a
 * twentieth less. Since 11.5 it counts otherwise, and it has a second compiler for what is merely warm: it would complain
 * of a flag that it does not know.
 */
function compileEarly(): void {
  const [major = 0, minor = 0] = process.versions.v8.split('.').map(Number)
  if (major < 11 || (major === 11 && minor < 5)) setFlagsFromString('--interrupt-budget=8192')
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
