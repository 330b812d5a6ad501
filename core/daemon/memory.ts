/**
 * How V8 collects garbage in our processes: short-lived buffers soon, and the young without help.
 *
 * Of Node's four helper threads one is enough (`--v8-pool-size=1`, which the program that starts us has to say): what each
 * has once taken for compiling stays with its own part of the C library's memory, 1 to 2 MB.
 */
import { setFlagsFromString } from 'node:v8'

/**
 * A busy circuit makes some 60 KB of buffers in a turn. They die at once, but hold their memory until the young
 * generation is collected; V8 lets that grow to 16 MB of small objects, behind which stand tens of megabytes of buffers.
 * Left at its first size, it is collected often and cheaply: 20 MB less under load, at the same CPU.
 *
 * Where full collections are cheap, as with our small heap, V8 lets the heap grow so little between them that those same
 * buffers bring one on every 3 MB of traffic: they take 3 % of the time, and a third of the CPU of a download. With room
 * for three times what is alive, the buffers are collected young.
 *
 * So small a young generation is collected in half a millisecond. V8 would share even that among threads and then wait for
 * the last of them: a tenth more CPU, and where other programs keep the processors busy, the whole client stands still
 * for tens of milliseconds until a helper has had its turn.
 */
export function collectShortLivedBuffersYoung(): void {
  setFlagsFromString('--semi-space-growth-factor=1')
  setFlagsFromString('--heap-growing-percent=200')
  setFlagsFromString('--no-parallel-scavenge')
}
