/** What a relay says to open a link, when it does not say it as it should. */
import { encodeFixedCell, encodeVariableCell } from '../../../core/cell/cell-codec.ts'
import { encodeChannelCell, type ChannelMessage } from '../../../core/cell/channel-message-codec.ts'
import { ChannelCommand } from '../../../core/cell/commands.ts'
import { createRelayKeys } from '../relay-identity.ts'
import { createLinkTls, linkCertificates } from '../relays/link-identity.ts'
import type { GreetingFault, LinkFault } from './fault.ts'

const YEAR_MS = 366 * 86_400_000
const LONGEST_CELL_BYTES = 65_535
/** A megabyte and a half of it. */
const FLOOD_CELLS = 24
/** Of no command that there is: below 128 cells have a fixed length. */
const UNKNOWN_FIXED = 99
const UNKNOWN_VARIABLE = 200
/** Of 4 and 5, with the long circuit id that the first has agreed on. */
const SECOND_VERSIONS = Buffer.from('0000000007000400040005', 'hex')
/** Within the signature of the first certificate that has one. */
const CHANGED_BYTE = -10

type Certs = Extract<ChannelMessage, { kind: 'certs' }>

export interface Greeting {
  readonly versions: Extract<ChannelMessage, { kind: 'versions' }>
  readonly certs: Certs
  readonly challenge: ChannelMessage
  readonly netinfo: ChannelMessage
  /** The certificates of the same relay, for another time or with another TLS certificate. */
  readonly certsWith: (nowMs: number, tls?: ReturnType<typeof createLinkTls>) => Certs
}

const cells = (...messages: readonly ChannelMessage[]): Buffer[] =>
  messages.map((message) => encodeChannelCell(0, message))

/** VERSIONS has circuit ids of two bytes, whatever it says. */
const versionsOf = (body: Buffer): Buffer => encodeVariableCell(0, ChannelCommand.VERSIONS, body)

const flood = (): Buffer[] =>
  Array.from({ length: FLOOD_CELLS }, () =>
    encodeVariableCell(0, ChannelCommand.VPADDING, Buffer.alloc(LONGEST_CELL_BYTES)),
  )

const good = ({ versions, certs, challenge, netinfo }: Greeting): Buffer[] =>
  cells(versions, certs, challenge, netinfo)

const withCerts = ({ versions, challenge, netinfo }: Greeting, certs: Certs): Buffer[] =>
  cells(versions, certs, challenge, netinfo)

const GREETINGS: Readonly<Record<GreetingFault, (greeting: Greeting, nowMs: number) => Buffer[]>> = {
  'stall-after-versions': ({ versions }) => cells(versions),
  'no-common-version': () => cells({ kind: 'versions', versions: [1, 2] }),
  'odd-versions': () => [versionsOf(Buffer.from('000400', 'hex'))],
  'versions-twice': ({ versions, certs, challenge, netinfo }) => [
    ...cells(versions),
    SECOND_VERSIONS,
    ...cells(certs, challenge, netinfo),
  ],
  'versions-of-60-kilobytes': () => [versionsOf(Buffer.alloc(60_000, 1))],
  'certs-twice': ({ versions, certs, challenge, netinfo }) =>
    cells(versions, certs, certs, challenge, netinfo),
  'certs-after-netinfo': ({ versions, certs, challenge, netinfo }) =>
    cells(versions, challenge, netinfo, certs),
  'no-certs': ({ versions, challenge, netinfo }) => cells(versions, challenge, netinfo),
  'netinfo-first': ({ versions, certs, challenge, netinfo }) => cells(netinfo, versions, certs, challenge),
  'no-challenge': ({ versions, certs, netinfo }) => cells(versions, certs, netinfo),
  'certs-expired': (greeting, nowMs) => withCerts(greeting, greeting.certsWith(nowMs - 2 * YEAR_MS)),
  'tls-cert-of-another': (greeting, nowMs) =>
    withCerts(greeting, greeting.certsWith(nowMs, createLinkTls(nowMs))),
  'certs-of-another-relay': (greeting, nowMs) =>
    withCerts(greeting, {
      kind: 'certs',
      certs: linkCertificates(createRelayKeys(), createLinkTls(nowMs), nowMs),
    }),
  'cert-type-twice': (greeting) => {
    const { certs } = greeting.certs
    return withCerts(greeting, { kind: 'certs', certs: [...certs, ...certs.slice(1, 2)] })
  },
  'cert-missing': (greeting) =>
    withCerts(greeting, { kind: 'certs', certs: greeting.certs.certs.filter(({ type }) => type !== 7) }),
  'cert-changed': (greeting) =>
    withCerts(greeting, {
      kind: 'certs',
      certs: greeting.certs.certs.map((cert) =>
        cert.type === 4 ? { ...cert, body: withChangedByte(cert.body) } : cert,
      ),
    }),
  'certs-without-end': ({ versions }) => [
    ...cells(versions),
    encodeVariableCell(0, ChannelCommand.CERTS, Buffer.alloc(60_000, 1)),
  ],
  'padding-without-end': ({ versions }) => [...cells(versions), ...flood()],
  'relay-before-netinfo': ({ versions, certs, challenge, netinfo }) => [
    ...cells(versions, certs, challenge),
    encodeFixedCell(0x80000001, ChannelCommand.RELAY, Buffer.alloc(509)),
    ...cells(netinfo),
  ],
  'unknown-before-netinfo': ({ versions, certs, challenge, netinfo }) => [
    ...cells(versions, certs, challenge),
    encodeVariableCell(0, UNKNOWN_VARIABLE, Buffer.from('marked')),
    ...cells(netinfo),
  ],
  'certs-on-open-link': (greeting) => [...good(greeting), ...cells(greeting.certs)],
  'netinfo-on-open-link': (greeting) => [...good(greeting), ...cells(greeting.netinfo)],
  'create-to-client': (greeting) => [
    ...good(greeting),
    encodeChannelCell(5, { kind: 'create2', handshakeType: 2, request: Buffer.alloc(84) }),
  ],
  'padding-on-open-link': (greeting) => [...good(greeting), ...flood()],
  'unknown-on-open-link': (greeting) => [
    ...good(greeting),
    encodeFixedCell(0, UNKNOWN_FIXED, Buffer.alloc(509)),
    encodeVariableCell(0, UNKNOWN_VARIABLE, Buffer.from('marked')),
  ],
  'oversize-on-open-link': (greeting) => [
    ...good(greeting),
    encodeVariableCell(0, UNKNOWN_VARIABLE, Buffer.alloc(LONGEST_CELL_BYTES)),
  ],
  'strangers-on-open-link': (greeting) => [
    ...good(greeting),
    ...Array.from({ length: 100 }, (_, at) =>
      encodeFixedCell(0x80000000 + at, ChannelCommand.RELAY, Buffer.alloc(509, at)),
    ),
  ],
}

/** The cells to send; where the link gets open by them, the relay goes on as it should. */
export function misgreet(fault: GreetingFault, greeting: Greeting, nowMs: number): readonly Buffer[] {
  return GREETINGS[fault](greeting, nowMs)
}

export function isGreetingFault(fault: LinkFault): fault is GreetingFault {
  return Object.hasOwn(GREETINGS, fault)
}

function withChangedByte(bytes: Buffer): Buffer {
  const changed = Buffer.from(bytes)
  const at = bytes.length + CHANGED_BYTE
  changed.writeUInt8(changed.readUInt8(at) ^ 1, at)
  return changed
}
