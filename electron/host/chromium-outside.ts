/**
 * What the core is given as its outside in the app: HTTPS as Chromium makes it, and Chromium's WebRTC. Main does both at
 * our word; the TCP connections below HTTPS stay ours, and so does every look-up of a name.
 */
import { randomBytes } from 'node:crypto'
import { isIP } from 'node:net'
import {
  type Outside,
  parseFront,
  parseWebUrl,
  type PeerOffer,
  type PeerOfferOptions,
  TorError,
  type UpstreamProxy,
  type WebRequest,
  type WebRequester,
  type WebResponse,
} from '../../core/index.ts'
import { forPort, type Port } from '../outside/port.ts'
import type { WebJob } from '../outside/outside-messages.ts'
import { ChromiumDoor, type DoorDeps } from './chromium-door.ts'
import { HostPeer } from './host-peer.ts'
import { OutsideCalls } from './outside-calls.ts'

const STUN_PORT = 3478
const SECRET_BYTES = 24

export interface ChromiumOutsideDeps {
  readonly dial: DoorDeps['dial']
  /** Addresses of a name, at least one. Rejects with `channel-failed` or the signal's error. */
  readonly lookUp: (name: string, signal: AbortSignal) => Promise<readonly string[]>
  /** For plain HTTP, to which Chromium could add nothing. */
  readonly plainWebRequest: WebRequester
}

/** `port` resolves when main has given it. */
export function chromiumOutside(port: Promise<Port>, deps: ChromiumOutsideDeps): Outside {
  const calls = port.then((port) => new OutsideCalls(port))
  const secret = randomBytes(SECRET_BYTES).toString('base64url')
  let door: Promise<ChromiumDoor> | undefined
  /** Opened for the first request: who needs no front has no door. */
  const openDoor = async (): Promise<ChromiumDoor> => {
    door ??= ChromiumDoor.open({ dial: deps.dial, secret }).then(async (opened) => {
      ;(await calls).sayDoor(opened.port, secret)
      return opened
    })
    door.catch(() => {
      door = undefined
    })
    return door
  }
  return {
    webRequest: async (request, signal) => {
      if (!parseWebUrl(request.url).isTls) return deps.plainWebRequest(request, signal)
      // Looked at before a door is opened for it.
      const job = webJobOf(request)
      return requestByChromium(await openDoor(), await calls, { job, proxy: request.proxy }, signal)
    },
    connectPeer: async (options, signal) => offerByChromium(await calls, options, deps.lookUp, signal),
  }
}

async function requestByChromium(
  door: ChromiumDoor,
  calls: OutsideCalls,
  { job, proxy }: { readonly job: WebJob; readonly proxy: UpstreamProxy | undefined },
  signal: AbortSignal,
): Promise<WebResponse> {
  const { host, port } = parseWebUrl(job.url)
  const admission = door.admit(host, port, proxy)
  try {
    const { answer } = await calls.ask({ kind: 'web', job }, signal)
    if (answer.kind !== 'web-answer') throw new TorError('internal', 'a web request was answered with a peer')
    const { status, body } = answer
    return { status, body: Buffer.from(body.buffer, body.byteOffset, body.byteLength) }
  } catch (error) {
    // We know better than Chromium why there was no connection.
    throw signal.aborted ? error : (admission.failure ?? error)
  } finally {
    admission.release()
  }
}

/** Throws `bad-config`, in words, for an address or a front that is none. */
function webJobOf({ url, front, method, headers, body, maxResponseBytes }: WebRequest): WebJob {
  const { hostHeader, path, host, port } = parseWebUrl(url)
  const server = front === undefined ? { host, port: undefined } : parseFront(front)
  const name = isIP(server.host) === 6 ? `[${server.host}]` : server.host
  return {
    url: new URL(`https://${name}:${server.port ?? port}${path}`).href,
    host: hostHeader,
    method,
    headers: headers.map(([name, value]) => [name, value]),
    body: body === undefined ? undefined : forPort(body),
    maxResponseBytes,
  }
}

async function offerByChromium(
  calls: OutsideCalls,
  { iceServers, label, keepsLocalCandidates }: PeerOfferOptions,
  lookUp: ChromiumOutsideDeps['lookUp'],
  signal: AbortSignal,
): Promise<PeerOffer> {
  const addresses = await Promise.all(iceServers.map((server) => stunAddress(server, lookUp, signal)))
  const known = [...new Set(addresses.filter((address) => address !== undefined))]
  if (iceServers.length > 0 && known.length === 0) {
    throw new TorError('channel-failed', 'no STUN server has a name that can be looked up', {
      retry: 'later',
    })
  }
  const question = { kind: 'peer', iceServers: known, label, keepsLocalCandidates } as const
  const { id, ports } = await calls.ask(question, signal)
  const [port] = ports
  if (port === undefined) throw new TorError('channel-failed', 'the app gave no WebRTC')
  return HostPeer.offer(port, signal, () => calls.cancel(id))
}

/** With the name looked up, for Chromium does not; undefined for a server that cannot be found now. */
async function stunAddress(
  server: string,
  lookUp: ChromiumOutsideDeps['lookUp'],
  signal: AbortSignal,
): Promise<string | undefined> {
  const [, host, port] = /^stun:(\[[\da-f:.]+\]|[^:[\]]+)(?::(\d{1,5}))?$/i.exec(server) ?? []
  if (host === undefined) throw new TorError('bad-config', 'a STUN server is not written as stun:host:port')
  const bare = host.replace(/^\[|\]$/g, '')
  try {
    const [address] = isIP(bare) === 0 ? await lookUp(bare, signal) : [bare]
    if (address === undefined) return undefined
    return `stun:${isIP(address) === 6 ? `[${address}]` : address}:${port ?? STUN_PORT}`
  } catch (error) {
    if (signal.aborted) throw error
    return undefined
  }
}
