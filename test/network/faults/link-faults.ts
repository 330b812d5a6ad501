/** What a relay says to open a link, when it does not say it as it should. */
import { encodeChannelCell, type ChannelMessage } from '../../../core/cell/channel-message-codec.ts'
import { ChannelCommand } from '../../../core/cell/commands.ts'
import { encodeVariableCell } from '../../../core/cell/cell-codec.ts'
import { createRelayKeys } from '../relay-identity.ts'
import { createLinkTls, linkCertificates } from '../relays/link-identity.ts'
import type { LinkFault } from './fault.ts'

const YEAR_MS = 366 * 86_400_000
const ENDLESS_CERTS_BYTES = 60_000

type Certs = Extract<ChannelMessage, { kind: 'certs' }>

export interface Greeting {
  readonly versions: Extract<ChannelMessage, { kind: 'versions' }>
  readonly certs: Certs
  readonly challenge: ChannelMessage
  readonly netinfo: ChannelMessage
  /** The certificates of the same relay, for another time or with another TLS certificate. */
  readonly certsWith: (nowMs: number, tls?: ReturnType<typeof createLinkTls>) => Certs
}

/** The cells to send; nothing follows them from this side. */
export function misgreet(fault: LinkFault, greeting: Greeting, nowMs: number): readonly Buffer[] {
  const { versions, certs, challenge, netinfo, certsWith } = greeting
  const cells = (...messages: readonly ChannelMessage[]): Buffer[] =>
    messages.map((message) => encodeChannelCell(0, message))
  const withCerts = (other: Certs): Buffer[] => cells(versions, other, challenge, netinfo)
  switch (fault) {
    case 'no-common-version':
      return cells({ kind: 'versions', versions: [1, 2] })
    case 'certs-twice':
      return cells(versions, certs, certs, challenge, netinfo)
    case 'certs-after-netinfo':
      return cells(versions, challenge, netinfo, certs)
    case 'no-certs':
      return cells(versions, challenge, netinfo)
    case 'netinfo-first':
      return cells(netinfo, versions, certs, challenge)
    case 'certs-expired':
      return withCerts(certsWith(nowMs - 2 * YEAR_MS))
    case 'tls-cert-of-another':
      return withCerts(certsWith(nowMs, createLinkTls(nowMs)))
    case 'certs-of-another-relay':
      return withCerts({
        kind: 'certs',
        certs: linkCertificates(createRelayKeys(), createLinkTls(nowMs), nowMs),
      })
    case 'certs-without-end':
      return [
        ...cells(versions),
        encodeVariableCell(0, ChannelCommand.CERTS, Buffer.alloc(ENDLESS_CERTS_BYTES, 1)),
      ]
    case 'stall-after-versions':
      return cells(versions)
    case 'stall-before-tls':
    case 'stall-after-tls':
    case 'drip':
      return []
  }
}
