/**
 * Asks the bridge service. Its own TLS runs within whatever leads to it, so that neither the content network, nor the
 * reflector behind it, nor an exit can read the question or forge the answer; nobody looks its name up. A question has
 * no header and no field that would tell one client from another.
 */
import type { Duplex } from 'node:stream'
import { parseBridgeLine } from '../linkspec/bridge-line.ts'
import { transportOf } from '../transport/pluggable-transport.ts'
import type { TransportParts } from '../transport/transport-parts.ts'
import { abortError, withTimeout } from '../util/abort.ts'
import type { Clock } from '../util/clock.ts'
import { TorError, toTorError } from '../util/errors.ts'
import {
  type MoatRefusal,
  type MoatSetting,
  type MoatSettings,
  parseMoatBuiltIn,
  parseMoatMap,
  parseMoatSettings,
} from './moat-answer.ts'
import { postWithin } from './inner-https.ts'
import type { MoatFront, MoatService } from './moat-targets.ts'

/** A front that answers does so within some seconds, its polls included; one that is dropped never does. */
const PATH_LIMIT_MS = 25_000
/** A tunnel behind which there is another one: what is left must do for that and for the question. */
const TUNNEL_LIMIT_AMONG_MANY_MS = 10_000

export interface MoatQuestion {
  /** `defaults` is for where `settings` knows of no blocking, and there is some. */
  readonly endpoint: 'settings' | 'defaults'
  /** Two lower-case letters; undefined: the service goes by the address that it sees. */
  readonly country: string | undefined
  /** That the client can use, as the service names them. */
  readonly transports: readonly string[]
}

/** Resolves with a stream to the service, on which it speaks TLS. */
export type MoatPath = (signal: AbortSignal) => Promise<Duplex>

export interface MoatAccess {
  readonly service: MoatService
  readonly path: MoatPath
  readonly clock: Clock
}

/** Each of the front's tunnels in turn. Rejects with the last one's error, or `bad-config` where there is no such transport. */
export function frontedPath(service: MoatService, front: MoatFront, parts: TransportParts): MoatPath {
  return async (signal) => {
    let last = new TorError('bad-config', 'the bridge service has no such front')
    const lines = service.fronts[front]
    for (const [at, text] of lines.entries()) {
      const line = parseBridgeLine(text)
      const transport = transportOf(line)
      if (transport === undefined) throw new TorError('bad-config', 'a front must be reached by a transport')
      try {
        transport.check(line)
        const connect = (limited: AbortSignal): Promise<Duplex> => transport.connect(line, parts, limited)
        if (at === lines.length - 1) return await connect(signal)
        const limitMs = TUNNEL_LIMIT_AMONG_MANY_MS
        return await withTimeout(parts.clock, limitMs, 'a tunnel to the bridge service', signal, connect)
      } catch (error) {
        if (signal.aborted) throw abortError(signal)
        last = toTorError(error, 'channel-failed', 'a tunnel to the bridge service')
      }
    }
    throw last
  }
}

/**
 * What helps where, and the bridges for it, by one path. Rejects as the path does, with `timeout`, with `wrong-identity`
 * when somebody else answers, with `channel-failed` or `closed` when the exchange is cut short, and with `malformed` or
 * `limit` for an answer that is no good; nothing is left open then.
 */
export async function askMoat(
  { service, path, clock }: MoatAccess,
  question: MoatQuestion,
  signal: AbortSignal,
): Promise<MoatSettings | MoatRefusal> {
  const { endpoint, country, transports } = question
  // A country that is not given is not in it, for an empty one would be a wrong one.
  const asked = { ...(endpoint === 'settings' && country !== undefined && { country }), transports }
  return parseMoatSettings(await ask({ service, path, clock }, endpoint, JSON.stringify(asked), signal))
}

/** The bridges that everybody has, as they are now. Rejects as `askMoat` does. */
export async function fetchMoatBuiltIn(
  access: MoatAccess,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, readonly string[]> | MoatRefusal> {
  return parseMoatBuiltIn(await ask(access, 'builtin', '{}', signal))
}

/** Which transports help in which country. Rejects as `askMoat` does. */
export async function fetchMoatMap(
  access: MoatAccess,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, readonly MoatSetting[]> | MoatRefusal> {
  return parseMoatMap(await ask(access, 'map', '{}', signal))
}

function ask(
  { service, path, clock }: MoatAccess,
  endpoint: string,
  body: string,
  signal: AbortSignal,
): Promise<Buffer> {
  return withTimeout(clock, PATH_LIMIT_MS, 'the bridge service', signal, async (limited) => {
    const stream = await path(limited)
    return postWithin(stream, service, { endpoint, body: Buffer.from(body) }, limited)
  })
}
