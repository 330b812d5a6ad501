/** What a transport is given for one connection: its tools, and the only ways out that it may take. */
import type { Socket } from 'node:net'
import type { Endpoint } from '../linkspec/relay-target.ts'
import type { Clock } from '../util/clock.ts'
import type { Random } from '../util/random.ts'
import type { Outside, WebResponse } from './outside.ts'
import { dialTcp, type TcpWay } from './tcp-dialler.ts'
import { dialName } from './web/dial-name.ts'
import { drawTlsHello } from './web/tls-hello.ts'
import { HttpSession, type WebQuestion, type WebSession } from './web/web-session.ts'

export interface TransportParts {
  readonly clock: Clock
  readonly random: Random
  /**
   * Resolves with a paused socket to an IP address, by the user's upstream proxy where there is one: a transport opens
   * none by itself. Rejects with `channel-failed`, `proxy-failed`, or the signal's error.
   */
  readonly dial: (endpoint: Endpoint, signal: AbortSignal) => Promise<Socket>
  /**
   * The same to a web server by its name, or to an IP literal. A proxy is given the name, and nothing is looked up here;
   * without one the system's resolver is asked.
   */
  readonly dialName: (host: string, port: number, signal: AbortSignal) => Promise<Socket>
  /**
   * One request for the whole answer, by the user's proxy: see `WebRequester`. In a program with a browser engine it looks
   * like that browser's.
   */
  readonly web: (question: WebQuestion, signal: AbortSignal) => Promise<WebResponse>
  /** Requests in sequence, which share a connection while it lasts; whoever opens it closes it. */
  readonly openWeb: () => WebSession
  /** The authorities whose certificates are trusted, PEM; undefined: those that the platform has. */
  readonly tlsRoots: readonly string[] | undefined
  /** For what does not go by `dial`: a proxy in it is to be obeyed there, too, or the transport refuses. */
  readonly way: TcpWay
  readonly outside: Outside
}

export interface TransportTools extends Pick<TransportParts, 'clock' | 'random'> {
  /** For tests, whose servers no authority of the world has certified. */
  readonly tlsRoots?: readonly string[]
}

export function transportParts(way: TcpWay, outside: Outside, tools: TransportTools): TransportParts {
  const { clock, random, tlsRoots } = tools
  const dialWebServer: TransportParts['dialName'] = (host, port, signal) =>
    dialName(host, port, way, clock, signal)
  const openWeb = (): WebSession => {
    const { webRequest } = outside
    if (webRequest !== undefined) {
      return {
        request: (question, signal) => webRequest({ ...question, proxy: way.proxy }, signal),
        // The engine shares its connections among sessions, and ends them itself.
        close: () => {},
      }
    }
    return new HttpSession({ clock, dialName: dialWebServer, hello: drawTlsHello(random), roots: tlsRoots })
  }
  return {
    clock,
    random,
    dial: (endpoint, signal) => dialTcp(endpoint, way, clock, signal),
    dialName: dialWebServer,
    web: async (question, signal) => {
      const session = openWeb()
      try {
        return await session.request(question, signal)
      } finally {
        session.close()
      }
    },
    openWeb,
    tlsRoots,
    way,
    outside,
  }
}
