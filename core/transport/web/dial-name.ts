/**
 * TCP to a web server by its name. Through an upstream proxy the name is the proxy's to look up, and nothing of it is
 * asked here; without one the system is asked, and the addresses are tried one after the other until one answers.
 */
import { isIP, type Socket } from 'node:net'
import { abortError, throwIfAborted } from '../../util/abort.ts'
import type { Clock, Timer } from '../../util/clock.ts'
import { TorError, toTorError } from '../../util/errors.ts'
import { connectThroughProxy } from '../proxy-dialler.ts'
import { dialTcp, localAddressFor, type TcpWay } from '../tcp-dialler.ts'
import { checkServerName, lookUpName, type NameLookUp } from './look-up-name.ts'

/** After this long the next address is tried beside the one that is silent (RFC 8305 8 has 250 ms, as for a web page). */
const NEXT_ADDRESS_AFTER_MS = 300
/** A name with more than this has addresses of one kind, and a censor that drops one drops all. */
const MAX_ADDRESSES = 6

/**
 * Resolves with a paused socket. Rejects with `channel-failed`, `proxy-failed`, `bad-config` for what is no name, or the
 * signal's error; nothing is left open then.
 */
export async function dialName(
  host: string,
  port: number,
  way: TcpWay,
  clock: Clock,
  signal: AbortSignal,
  lookUp: NameLookUp = lookUpName,
): Promise<Socket> {
  checkServerName(host)
  throwIfAborted(signal)
  const { proxy, localAddress } = way
  if (proxy !== undefined) {
    return connectThroughProxy({ kind: 'proxied', proxy, relay: { host, port }, localAddress }, clock, signal)
  }
  const addresses = isIP(host) === 0 ? await lookUp(host, signal) : [host]
  const dial = (address: string, signal: AbortSignal): Promise<Socket> => {
    const from = way.outboundBind === undefined ? undefined : localAddressFor(address, way.outboundBind)
    return dialTcp({ host: address, port }, { proxy, localAddress: from }, clock, signal)
  }
  return firstToConnect(alternating(addresses).slice(0, MAX_ADDRESSES), dial, clock, signal)
}

/** The families by turns, so that one which leads nowhere costs one wait (RFC 8305 4). */
function alternating(addresses: readonly string[]): readonly string[] {
  const [first] = addresses
  const isLikeFirst = (address: string): boolean => isIP(address) === isIP(first ?? '')
  const like = addresses.filter(isLikeFirst)
  const other = addresses.filter((address) => !isLikeFirst(address))
  return like
    .flatMap((address, index) => {
      const next = other[index]
      return next === undefined ? [address] : [address, next]
    })
    .concat(other.slice(like.length))
}

/** Rejects as the last attempt did, when all have failed. Exported for its test, which has no address that is silent. */
export function firstToConnect(
  addresses: readonly string[],
  dial: (address: string, signal: AbortSignal) => Promise<Socket>,
  clock: Clock,
  signal: AbortSignal,
): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const waiting = [...addresses]
    let isOver = false
    const attempts = new Set<AbortController>()
    let timer: Timer | undefined
    const finish = (): void => {
      isOver = true
      timer?.cancel()
      signal.removeEventListener('abort', onAbort)
      waiting.length = 0
      for (const attempt of attempts) attempt.abort(new TorError('aborted', 'another address answered first'))
    }
    const onAbort = (): void => {
      finish()
      reject(abortError(signal))
    }
    const tryNext = (): void => {
      timer?.cancel()
      const address = waiting.shift()
      if (address === undefined) return
      const attempt = new AbortController()
      attempts.add(attempt)
      if (waiting.length > 0) timer = clock.setTimer(NEXT_ADDRESS_AFTER_MS, tryNext)
      dial(address, attempt.signal).then(
        (socket) => {
          attempts.delete(attempt)
          // Two may have connected in one turn of the event loop.
          if (isOver) return void socket.destroy()
          finish()
          resolve(socket)
        },
        (error: unknown) => {
          attempts.delete(attempt)
          if (isOver) return
          if (waiting.length > 0) return tryNext()
          if (attempts.size > 0) return
          finish()
          reject(toTorError(error, 'channel-failed', 'connecting to the web server'))
        },
      )
    }
    signal.addEventListener('abort', onAbort, { once: true })
    tryNext()
  })
}
