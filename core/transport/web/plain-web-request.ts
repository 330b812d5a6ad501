/**
 * Web requests without TLS, for a program whose browser engine does the others: there is no hello in them that could look
 * like a browser's.
 */
import type { Random } from '../../util/random.ts'
import type { Clock } from '../../util/clock.ts'
import type { WebRequester } from '../outside.ts'
import { dialName } from './dial-name.ts'
import { drawTlsHello } from './tls-hello.ts'
import { HttpSession } from './web-session.ts'

/** Each on a connection of its own. */
export function plainWebRequester(clock: Clock, random: Random): WebRequester {
  return async ({ proxy, ...question }, signal) => {
    const session = new HttpSession({
      clock,
      dialName: (host, port, signal) =>
        dialName(host, port, { proxy, localAddress: undefined }, clock, signal),
      hello: drawTlsHello(random),
      roots: undefined,
    })
    try {
      return await session.request(question, signal)
    } finally {
      session.close()
    }
  }
}
