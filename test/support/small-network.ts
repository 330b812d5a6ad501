/** A few relays as a consensus and microdescriptors, for tests of what is decided from them; nothing is signed. */
import { createHash } from 'node:crypto'
import { type Consensus, parseConsensus } from '../../core/netdoc/consensus.ts'
import { type Microdescriptors, parseMicrodescriptors } from '../../core/netdoc/microdescriptor.ts'

export interface SmallRelay {
  /** Its identities and keys are made of it; rows ascend by it. From 1 to 99. */
  readonly id: number
  readonly nickname?: string
  /** Default `Fast Running Stable V2Dir Valid`; in ascending order. */
  readonly flags?: string
  readonly bandwidth?: number
  readonly ipv4?: string
  /** `[address]:port` */
  readonly ipv6?: string
  readonly protocols?: string
  /** Lines between the ntor key and the identity in its microdescriptor. */
  readonly lines?: string
  /** Number that its ed25519 identity is made of; default `id`. */
  readonly ed25519?: number | 'none'
}

const HEADER = `network-status-version 3 microdesc
vote-status consensus
consensus-method 35
valid-after 2026-11-22 15:00:00
fresh-until 2026-11-22 16:00:00
valid-until 2026-11-22 18:00:00
voting-delay 300 300
known-flags Authority BadExit Exit Fast Guard HSDir MiddleOnly NoEdConsensus Running Stable StaleDesc Sybil V2Dir Valid
`
const SIGNATURE = `directory-signature sha256 ${'0'.repeat(40)} ${'0'.repeat(40)}
-----BEGIN SIGNATURE-----
AAAA
-----END SIGNATURE-----
`

/** The relay's RSA identity: forty hex digits. */
export function smallIdentity(id: number): string {
  return id.toString(16).padStart(2, '0').toUpperCase().repeat(20)
}

export function smallMicrodescriptor(relay: SmallRelay): string {
  const key = (tag: number, number: number): string =>
    Buffer.concat([Buffer.alloc(31, tag), Buffer.of(number)])
      .toString('base64')
      .replace(/=+$/, '')
  const { id, lines = '', ed25519 = id } = relay
  const identity = ed25519 === 'none' ? '' : `id ed25519 ${key(2, ed25519)}\n`
  return `onion-key\nntor-onion-key ${key(1, id)}\n${lines}${identity}`
}

export interface SmallNetworkOptions {
  readonly params?: string
  readonly weights?: string
}

export function smallConsensus(relays: readonly SmallRelay[], options: SmallNetworkOptions = {}): Consensus {
  const params = options.params === undefined ? '' : `params ${options.params}\n`
  const weights = options.weights === undefined ? '' : `bandwidth-weights ${options.weights}\n`
  const entries = [...relays].sort((a, b) => a.id - b.id).map(formatEntry)
  const text = `${HEADER}${params}${entries.join('')}directory-footer\n${weights}${SIGNATURE}`
  return parseConsensus(Buffer.from(text, 'latin1'))
}

export function smallMicrodescriptors(relays: readonly SmallRelay[]): Microdescriptors {
  return parseMicrodescriptors(Buffer.from(relays.map(smallMicrodescriptor).join(''), 'latin1'))
}

function formatEntry(relay: SmallRelay): string {
  const { id, nickname = `relay${id}`, ipv4 = `10.${id}.0.1`, bandwidth = 100 } = relay
  const identity = Buffer.from(smallIdentity(id), 'hex').toString('base64').replace(/=+$/, '')
  const digest = createHash('sha256').update(smallMicrodescriptor(relay), 'latin1').digest('base64')
  return [
    `r ${nickname} ${identity} 2038-01-01 00:00:00 ${ipv4} 9001 0\n`,
    relay.ipv6 === undefined ? '' : `a ${relay.ipv6}\n`,
    `m ${digest.replace(/=+$/, '')}\n`,
    `s ${relay.flags ?? 'Fast Running Stable V2Dir Valid'}\n`,
    `pr ${relay.protocols ?? 'DirCache=2 Link=4-5 Relay=2-4'}\n`,
    `w Bandwidth=${bandwidth}\n`,
  ].join('')
}
