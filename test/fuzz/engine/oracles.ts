/** Oracles that many targets have in common. */
import { isDeepStrictEqual } from 'node:util'
import { Finding } from './target.ts'

/** What was read must read the same after it was written: two readers could differ on anything else. */
export function mustSurvive<T>(value: T, write: (value: T) => Buffer, read: (bytes: Buffer) => T): void {
  const written = write(value)
  const again = read(written)
  if (isDeepStrictEqual(again, value)) return
  throw new Finding(`written and read again it is another value: ${show(value)} and ${show(again)}`)
}

/** The same for text. */
export function mustSurviveAsText<T>(value: T, write: (value: T) => string, read: (text: string) => T): void {
  mustSurvive(
    value,
    (kept) => Buffer.from(write(kept), 'utf8'),
    (bytes) => read(bytes.toString('utf8')),
  )
}

/** An incremental reader must not care how its bytes were cut. */
export function mustAgree(first: unknown, second: unknown, about: string): void {
  if (!isDeepStrictEqual(first, second)) throw new Finding(`${about}: ${show(first)} and ${show(second)}`)
}

/** Cuts that the bytes themselves choose, so that one input is always cut in the same way. */
export function cutUp(bytes: Buffer, salt = 0): Buffer[] {
  const pieces: Buffer[] = []
  let state = (bytes.length * 2_654_435_761 + salt) >>> 0
  for (let at = 0; at < bytes.length; ) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223 + (bytes[at] ?? 0)) >>> 0
    const length = 1 + ((state >>> 24) % ((state >>> 16) % 5 === 0 ? 200 : 7))
    pieces.push(bytes.subarray(at, at + length))
    at += length
  }
  return pieces
}

function show(value: unknown): string {
  const text = JSON.stringify(value, (_key, part: unknown) => (typeof part === 'bigint' ? `${part}n` : part))
  return (text ?? String(value)).slice(0, 300)
}

/** The outcome of a reader as a value: what it gave, or the kind of its error. */
export function outcomeOf(read: () => unknown): unknown {
  try {
    return { value: read() }
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) }
  }
}
