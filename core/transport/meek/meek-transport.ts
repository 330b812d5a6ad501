/**
 * meek_lite, client side: requests of the web to a server that a big host of the web stands before, under whose name they go.
 * It is slow, and works where nearly nothing does. In a program with a browser engine the requests are that browser's.
 */
import { isTorError, TorError } from '../../util/errors.ts'
import { randomBytes, shuffled } from '../../util/random.ts'
import type { PluggableTransport } from '../pluggable-transport.ts'
import type { TransportParts } from '../transport-parts.ts'
import { type MeekTarget, parseMeekArguments } from './meek-arguments.ts'
import { exchangeMeek } from './meek-exchange.ts'
import { MeekStream } from './meek-stream.ts'

/** A name to look up, TCP, TLS, and a request that a CDN passes on. */
const FIRST_ANSWER_LIMIT_MS = 20_000
/** A front that is blocked is often answered with silence, and another one should still have its turn. */
const FIRST_ANSWER_LIMIT_AMONG_MANY_MS = 10_000
const MAX_TARGETS_TRIED = 3
const SESSION_ID_BYTES = 16

export const meekTransport: PluggableTransport = {
  name: 'meek_lite',
  connectLimitMs: MAX_TARGETS_TRIED * FIRST_ANSWER_LIMIT_AMONG_MANY_MS,
  check(line) {
    parseMeekArguments(line)
  },
  async connect(line, parts, signal) {
    const targets = shuffled(parts.random, parseMeekArguments(line)).slice(0, MAX_TARGETS_TRIED)
    const limitMs = targets.length > 1 ? FIRST_ANSWER_LIMIT_AMONG_MANY_MS : FIRST_ANSWER_LIMIT_MS
    let lastError: unknown = new TorError('internal', 'a meek_lite bridge line has no target')
    // One after the other: many at a time is what censors look for.
    for (const target of targets) {
      try {
        return await openSession(target, limitMs, parts, signal)
      } catch (error) {
        if (signal.aborted || isTorError(error, 'proxy-failed')) throw error
        lastError = error
      }
    }
    throw lastError
  },
}

/** The first request has nothing to send: whether the server answers at all is known before TLS with the bridge begins. */
async function openSession(
  target: MeekTarget,
  limitMs: number,
  { clock, random, openWeb }: TransportParts,
  signal: AbortSignal,
): Promise<MeekStream> {
  const web = openWeb()
  const sessionId = randomBytes(random, SESSION_ID_BYTES).toString('hex')
  const session = { target, sessionId, web, clock }
  try {
    return new MeekStream(session, await exchangeMeek(session, Buffer.alloc(0), limitMs, signal))
  } catch (error) {
    web.close()
    throw error
  }
}
