/** What the directory says of one relay: its microdescriptor and its lines of the consensus (dir-spec 3.3, 3.4.1). */
import { createHash, generateKeyPairSync, createPublicKey } from 'node:crypto'
import type { Relay } from '../relays/relay.ts'
import { protocolsOf } from '../relays/relay-description.ts'
import { formatObject } from '../../support/test-authority.ts'

/** C tor insists on the key of the retired TAP handshake in some versions; nobody uses it. */
const TAP_KEY = formatObject(
  'RSA PUBLIC KEY',
  createPublicKey(generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey).export({
    type: 'pkcs1',
    format: 'der',
  }),
)

export interface RelayDocuments {
  readonly identity: Buffer
  readonly microdescriptor: string
  /** SHA-256 of it, base64 without padding. */
  readonly digest: string
  readonly entry: string
}

export function writeRelayDocuments(relay: Relay, relayOf: (nickname: string) => Relay): RelayDocuments {
  const { nickname, address, orPort, flags, bandwidth } = relay.description
  const identity = Buffer.from(relay.rsa, 'hex')
  const microdescriptor = writeMicrodescriptor(relay, relayOf)
  const digest = unpadded(createHash('sha256').update(microdescriptor, 'latin1').digest())
  const entry = [
    `r ${nickname} ${unpadded(identity)} 2038-01-01 00:00:00 ${address} ${orPort} 0\n`,
    `m ${digest}\n`,
    `s ${[...flags].sort().join(' ')}\n`,
    'v Tor 0.4.9.11\n',
    `pr ${protocolsOf(relay.description)}\n`,
    `w Bandwidth=${bandwidth}\n`,
  ].join('')
  return { identity, microdescriptor, digest, entry }
}

function writeMicrodescriptor(relay: Relay, relayOf: (nickname: string) => Relay): string {
  const { exitPorts, family = [], listsZeroKey = false } = relay.description
  const { publicKey } = relay.identity.ntorKey
  const onionKey = listsZeroKey ? Buffer.alloc(publicKey.length) : publicKey
  const members = family.map((nickname) => `$${relayOf(nickname).rsa}`)
  return [
    `onion-key\n${TAP_KEY}\n`,
    `ntor-onion-key ${unpadded(onionKey)}\n`,
    members.length === 0 ? '' : `family ${members.join(' ')}\n`,
    exitPorts === undefined ? '' : `p ${exitPorts}\n`,
    `id ed25519 ${relay.identity.ed25519}\n`,
  ].join('')
}

function unpadded(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '')
}
