/** A small network seen by who uses bridges, for tests of what is decided from such a view. */
import { type BridgeLine, parseBridgeLine } from '../../core/linkspec/bridge-line.ts'
import { ed25519IdentityFromBytes, parseRsaIdentity } from '../../core/linkspec/relay-ids.ts'
import type { BridgeRelay } from '../../core/netdir/bridge-relay.ts'
import { NetDir } from '../../core/netdir/net-dir.ts'
import { parseProtocolVersions } from '../../core/netdoc/protocol-versions.ts'
import { smallConsensus, smallIdentity, smallMicrodescriptors } from './small-network.ts'

const GUARD = 'Fast Guard Running Stable V2Dir Valid'
const EXIT = 'Exit Fast Running Stable V2Dir Valid'
const NUMBERS = [1, 2, 3, 4, 5, 6, 7, 8]

/** Relays 1 to 4 are guards in 10.1 to 10.4, 5 to 8 exits in 10.5 to 10.8; rows are their numbers less one. */
export const DIRECT_VIEW = build()

/** The same, with exits that do conflux. */
export const CONFLUX_VIEW = build('Conflux=1 DirCache=2 FlowCtrl=1-2 Link=4-5 Relay=2-4')

function build(protocols?: string): NetDir {
  const relays = NUMBERS.map((id) => ({
    id,
    flags: id <= 4 ? GUARD : EXIT,
    lines: id <= 4 ? '' : 'p accept 80,443\n',
    ...(protocols === undefined ? {} : { protocols }),
  }))
  return NetDir.build({
    consensus: smallConsensus(relays),
    microdescriptors: [smallMicrodescriptors(relays)],
  })
}

export const FIRST_BRIDGE_ROW = NUMBERS.length

/** The line of bridge `number`: 192.0.`number`.1:443 unless another address is given. */
export function bridgeLine(number: number, address = `192.0.${number}.1:443`): BridgeLine {
  return parseBridgeLine(`${address} ${smallIdentity(number)}`)
}

/** With identity `number`; nothing of it is signed. */
export function bridgeRelay(number: number, line = bridgeLine(number), isReady = true): BridgeRelay {
  const rsa = parseRsaIdentity(smallIdentity(number))
  const ed25519 = ed25519IdentityFromBytes(Buffer.alloc(32, number))
  const descriptor = {
    nickname: `bridge${number}`,
    rsa,
    ed25519,
    address: '192.0.2.1',
    ntorKey: Buffer.alloc(32, number),
    publishedMs: 0,
    expiresMs: 0,
    protocols: parseProtocolVersions('Relay=1-4'),
    family: '',
    text: '',
  }
  return isReady
    ? { line, ids: { rsa, ed25519 }, descriptor }
    : { line, ids: { rsa, ed25519: undefined }, descriptor: undefined }
}
