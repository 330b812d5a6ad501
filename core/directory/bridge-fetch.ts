/** Asks a bridge for its own server descriptor, and decides whether to believe it. */
import type { BridgeLine } from '../linkspec/bridge-line.ts'
import type { RelayIds, RsaIdentity } from '../linkspec/relay-ids.ts'
import { formatEndpoint } from '../linkspec/relay-target.ts'
import {
  MAX_DESCRIPTOR_BYTES,
  parseServerDescriptor,
  type ServerDescriptor,
} from '../netdoc/server-descriptor.ts'
import { withTimeout } from '../util/abort.ts'
import type { Clock } from '../util/clock.ts'
import { TorError } from '../util/errors.ts'
import { expectDocument, getDocument } from './directory-client.ts'
import { OWN_DESCRIPTOR_PATH } from './directory-requests.ts'
import type { ConnectPhase, DirectoryConnection } from './directory-source.ts'

/** Reaching the bridge, link handshake and the circuit's one hop together; transports may take their time. */
const CONNECT_LIMIT_MS = 60_000

const DAY_MS = 86_400_000
/** A bridge makes a new one every 18 hours: one that is much older was kept to be shown to us. */
const MAX_AGE_MS = 7 * DAY_MS
/** As much as clocks may be wrong for a consensus to serve. */
const MAX_FUTURE_MS = DAY_MS

/** How a bridge is reached: the interface that the directory owns, implemented over circuits by a higher layer. */
export interface BridgeConnector {
  /**
   * A one-hop circuit to the bridge, and both identities that its channel proved. With an identity given, nobody else
   * will do. Rejects with a `TorError`. The caller closes the connection it gets.
   */
  connectBridge(
    line: BridgeLine,
    rsa: RsaIdentity | undefined,
    signal: AbortSignal,
    onPhase: (phase: ConnectPhase) => void,
  ): Promise<{ readonly connection: DirectoryConnection; readonly ids: RelayIds }>
}

export interface BridgeFetchParts {
  readonly connector: BridgeConnector
  readonly clock: Clock
  readonly onPhase: (phase: ConnectPhase) => void
  /** Called as soon as the bridge has proved who it is. */
  readonly onIdentity: (ids: RelayIds) => void
}

/** What is known of the bridge before it is asked. */
export interface KnownBridge {
  readonly line: BridgeLine
  readonly rsa: RsaIdentity | undefined
  readonly descriptor: ServerDescriptor | undefined
}

/**
 * Throws `wrong-identity`, `bad-directory`, `malformed` or `limit` for a bridge that is not to be believed, and what
 * reaching it failed with. Nothing is left open.
 */
export async function fetchBridgeDescriptor(
  known: KnownBridge,
  { connector, clock, onPhase, onIdentity }: BridgeFetchParts,
  signal: AbortSignal,
): Promise<ServerDescriptor> {
  const { line, rsa } = known
  const { connection, ids } = await withTimeout(
    clock,
    CONNECT_LIMIT_MS,
    'reaching a bridge',
    signal,
    async (limited) => {
      const reached = await connector.connectBridge(line, rsa, limited, onPhase)
      if (limited.aborted) reached.connection.close()
      return reached
    },
  )
  try {
    onIdentity(ids)
    const request = {
      path: OWN_DESCRIPTOR_PATH,
      host: formatEndpoint(line.endpoint),
      maxBodyBytes: MAX_DESCRIPTOR_BYTES,
    }
    const body = expectDocument(await getDocument(connection, request, clock, signal), 'its own descriptor')
    const descriptor = parseServerDescriptor(body.toString('latin1'))
    checkOwner(descriptor, ids)
    checkDates(descriptor, known.descriptor, clock.wallMs())
    return descriptor
  } finally {
    connection.close()
  }
}

/** Whether a kept descriptor may still be used. */
export function isOfOurTime(descriptor: ServerDescriptor, nowMs: number): boolean {
  try {
    checkDates(descriptor, undefined, nowMs)
    return true
  } catch {
    return false
  }
}

/** Who proved to be one relay must not give us the onion key of another. */
function checkOwner(descriptor: ServerDescriptor, ids: RelayIds): void {
  if (descriptor.rsa === ids.rsa && (ids.ed25519 === undefined || descriptor.ed25519 === ids.ed25519)) return
  throw new TorError('wrong-identity', 'the bridge sent the descriptor of another relay', {
    retry: 'elsewhere',
  })
}

function checkDates(descriptor: ServerDescriptor, held: ServerDescriptor | undefined, nowMs: number): void {
  const { publishedMs, expiresMs } = descriptor
  if (held !== undefined && held.rsa === descriptor.rsa && publishedMs < held.publishedMs) {
    throw refusal('the bridge sent a descriptor older than the one that it sent before')
  }
  const isOfNow = publishedMs <= nowMs + MAX_FUTURE_MS && publishedMs >= nowMs - MAX_AGE_MS
  if (!isOfNow) throw refusal("the bridge's descriptor is not of our time, or this computer's clock is wrong")
  if (expiresMs < nowMs) {
    throw refusal("a certificate in the bridge's descriptor has expired, or this computer's clock is wrong")
  }
}

function refusal(words: string): TorError {
  return new TorError('bad-directory', words, { retry: 'elsewhere' })
}
