/**
 * The link handshake (tor-spec 4), seen from a client that does not authenticate itself: VERSIONS both ways, then
 * CERTS, AUTH_CHALLENGE and NETINFO from the relay in this order, then our NETINFO. Pure: cells in, bytes out.
 */
import { decodeChannelMessage, encodeChannelCell } from '../cell/channel-message-codec.ts'
import { ChannelCommand, channelCommandName } from '../cell/commands.ts'
import type { RelayIds } from '../linkspec/relay-ids.ts'
import type { Endpoint } from '../linkspec/relay-target.ts'
import type { Clock } from '../util/clock.ts'
import { malformed, protocolViolation } from '../util/errors.ts'
import { verifyLinkCerts } from './link-certs.ts'

/** Link protocols 4 and 5 differ in channel padding only; 3 has short circuit ids and no relay needs it any more. */
const OUR_LINK_VERSIONS: readonly number[] = [4, 5]

/** May come between the cells that matter (tor-spec 4): padding, and a command that has no use yet. */
const IGNORED_COMMANDS: ReadonlySet<number> = new Set([ChannelCommand.VPADDING, ChannelCommand.AUTHORIZE])

/** NETINFO's time says something about our clock only when the handshake was not held up (tor-spec 4.5). */
const MAX_HANDSHAKE_FOR_SKEW_MS = 180_000

export interface LinkIdentity {
  readonly linkVersion: number
  /** Both identities, proved. */
  readonly ids: RelayIds
  /** The relay's clock minus ours in milliseconds, when it said its time and said it quickly. */
  readonly clockSkewMs: number | undefined
}

type HandshakeState = 'versions' | 'certs' | 'auth-challenge' | 'netinfo' | 'done'

export interface LinkHandshakeInput {
  /** Undefined to learn them: of a bridge whose line has no fingerprint. */
  readonly expectedIds: RelayIds | undefined
  readonly endpoint: Endpoint
  readonly peerCertificate: Buffer
  readonly clock: Clock
}

export class LinkHandshake {
  readonly #input: LinkHandshakeInput
  readonly #startedMs: number
  #state: HandshakeState = 'versions'
  #linkVersion = 0
  #ids: RelayIds | undefined

  constructor(input: LinkHandshakeInput) {
    this.#input = input
    this.#startedMs = input.clock.monotonicMs()
  }

  /** What to send first. VERSIONS always has a 2-byte circuit id. */
  firstBytes(): Buffer {
    return encodeChannelCell(0, { kind: 'versions', versions: OUR_LINK_VERSIONS }, 2)
  }

  /**
   * Takes the relay's next cell. Returns the outcome with our NETINFO when the handshake is complete. Throws a
   * `TorError` for any cell that has no business here; the link must then be closed.
   */
  onCell(command: number, body: Buffer): { identity: LinkIdentity; reply: Buffer } | undefined {
    if (this.#state !== 'versions' && IGNORED_COMMANDS.has(command)) return undefined
    switch (this.#state) {
      case 'versions':
        this.#expect(command, ChannelCommand.VERSIONS)
        this.#onVersions(body)
        this.#state = 'certs'
        return undefined
      case 'certs':
        this.#expect(command, ChannelCommand.CERTS)
        this.#onCerts(body)
        this.#state = 'auth-challenge'
        return undefined
      case 'auth-challenge':
        this.#expect(command, ChannelCommand.AUTH_CHALLENGE)
        decodeChannelMessage(command, body)
        this.#state = 'netinfo'
        return undefined
      case 'netinfo':
        this.#expect(command, ChannelCommand.NETINFO)
        this.#state = 'done'
        return this.#onNetinfo(body)
      case 'done':
        throw protocolViolation('a cell after the link handshake came to the handshake')
    }
  }

  #expect(command: number, wanted: number): void {
    if (command === wanted) return
    throw protocolViolation(
      `link handshake: ${channelCommandName(command)} where ${channelCommandName(wanted)} belongs`,
    )
  }

  #onVersions(body: Buffer): void {
    const message = decodeChannelMessage(ChannelCommand.VERSIONS, body)
    if (message.kind !== 'versions') malformed('VERSIONS', 'a list of versions')
    const common = OUR_LINK_VERSIONS.filter((version) => message.versions.includes(version))
    if (common.length === 0) throw protocolViolation('the relay shares no link protocol version with us')
    this.#linkVersion = Math.max(...common)
  }

  #onCerts(body: Buffer): void {
    const message = decodeChannelMessage(ChannelCommand.CERTS, body)
    if (message.kind !== 'certs') malformed('CERTS', 'a list of certificates')
    const { expectedIds, peerCertificate, clock } = this.#input
    this.#ids = verifyLinkCerts(message.certs, peerCertificate, expectedIds, clock.wallMs())
  }

  #onNetinfo(body: Buffer): { identity: LinkIdentity; reply: Buffer } {
    const message = decodeChannelMessage(ChannelCommand.NETINFO, body)
    if (message.kind !== 'netinfo' || this.#ids === undefined) malformed('NETINFO', "the relay's addresses")
    // A client says nothing of itself: no time, no address of its own (tor-spec 4.5).
    const reply = encodeChannelCell(0, {
      kind: 'netinfo',
      timestamp: 0,
      otherAddress: this.#input.endpoint.host,
      myAddresses: [],
    })
    return {
      identity: {
        linkVersion: this.#linkVersion,
        ids: this.#ids,
        clockSkewMs: this.#skewMs(message.timestamp),
      },
      reply,
    }
  }

  #skewMs(relaySeconds: number): number | undefined {
    const { clock } = this.#input
    const tookMs = clock.monotonicMs() - this.#startedMs
    if (relaySeconds === 0 || tookMs >= MAX_HANDSHAKE_FOR_SKEW_MS) return undefined
    return relaySeconds * 1000 - clock.wallMs()
  }
}
