/** Exit policy summaries: the "p" and "p6" lines of microdescriptors (dir-spec 3.8.2). */
import { malformed } from '../util/errors.ts'

/** Ranges in one summary; real ones have some forty. */
const MAX_RANGES = 1_000
const MAX_PORT = 65_535
const RANGE = /^([0-9]{1,5})(?:-([0-9]{1,5}))?$/

/** Which ports an exit connects to on most addresses. Immutable. */
export class ExitPolicy {
  /** The line's arguments, e.g. `accept 80,443`; equal text is an equal policy. */
  readonly text: string
  readonly #accepts: boolean
  /** First and last port of each range, alternating, ascending by first port. */
  readonly #bounds: Uint16Array

  constructor(text: string, accepts: boolean, bounds: Uint16Array) {
    this.text = text
    this.#accepts = accepts
    this.#bounds = bounds
  }

  /** True when no port at all is allowed. */
  get rejectsAll(): boolean {
    if (this.#accepts) return this.#bounds.length === 0
    let next = 1
    for (let at = 0; at < this.#bounds.length; at += 2) {
      if ((this.#bounds[at] ?? 0) > next) return false
      next = Math.max(next, (this.#bounds[at + 1] ?? 0) + 1)
    }
    return next > MAX_PORT
  }

  allowsPort(port: number): boolean {
    if (port < 1 || port > MAX_PORT) return false
    return this.#lists(port) === this.#accepts
  }

  #lists(port: number): boolean {
    const bounds = this.#bounds
    for (let at = 0; at < bounds.length; at += 2) {
      if (port < (bounds[at] ?? 0)) return false
      if (port <= (bounds[at + 1] ?? 0)) return true
    }
    return false
  }
}

/** What a relay without a "p" line has. */
export const REJECT_ALL = new ExitPolicy('reject 1-65535', false, Uint16Array.of(1, MAX_PORT))

/** Parses `accept 80,443,8000-8100` or `reject 25`. Throws `malformed`. */
export function parseExitPolicy(text: string): ExitPolicy {
  const [verdict, list = '', ...extra] = text.split(' ')
  if ((verdict !== 'accept' && verdict !== 'reject') || extra.some((word) => word !== '')) {
    malformed('exit policy summary', '"accept" or "reject" and a port list')
  }
  const ranges = list.split(',')
  if (ranges.length > MAX_RANGES) malformed('exit policy summary', `at most ${MAX_RANGES} ranges`)
  const pairs = ranges.map(parseRange).sort((a, b) => a[0] - b[0])
  return new ExitPolicy(text, verdict === 'accept', Uint16Array.from(pairs.flat()))
}

function parseRange(text: string): readonly [number, number] {
  const [, low, high] = RANGE.exec(text) ?? []
  const first = Number(low ?? Number.NaN)
  const last = Number(high ?? low ?? Number.NaN)
  if (!(first >= 1 && first <= last && last <= MAX_PORT))
    malformed('exit policy summary', 'ports from 1 to 65535')
  return [first, last]
}
