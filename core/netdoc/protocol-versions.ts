/** Lists of subprotocol versions such as `Link=4-5 Relay=2-4` (tor-spec 9), kept as bit masks: never expanded. */
import { malformed } from '../util/errors.ts'

/** Versions above this cannot be expressed; a list that names them is refused. */
const MAX_VERSION = 63
/** Thirteen protocols exist. */
const MAX_PROTOCOLS = 128

const NAME = /^[A-Za-z0-9-]{1,100}$/
const RANGE = /^([0-9]{1,2})(?:-([0-9]{1,2}))?$/

/** An immutable set of (protocol, version) pairs; versions are 0 to 63. */
export class ProtocolVersions {
  readonly #masks: ReadonlyMap<string, bigint>

  constructor(masks: ReadonlyMap<string, bigint>) {
    this.#masks = masks
  }

  supports(protocol: string, version: number): boolean {
    return (((this.#masks.get(protocol) ?? 0n) >> BigInt(version)) & 1n) === 1n
  }

  /** Every pair of this set that `other` lacks, as `Name=version`. */
  without(other: ProtocolVersions): string[] {
    const missing: string[] = []
    for (const [name, mask] of this.#masks) {
      const lacking = mask & ~(other.#masks.get(name) ?? 0n)
      for (let version = 0; version <= MAX_VERSION; version++) {
        if (((lacking >> BigInt(version)) & 1n) === 1n) missing.push(`${name}=${version}`)
      }
    }
    return missing
  }
}

export const NO_PROTOCOLS = new ProtocolVersions(new Map())

/** Throws `malformed`. */
export function parseProtocolVersions(text: string): ProtocolVersions {
  const masks = new Map<string, bigint>()
  const entries = text.split(' ').filter((entry) => entry !== '')
  if (entries.length > MAX_PROTOCOLS) malformed('protocol list', `at most ${MAX_PROTOCOLS} protocols`)
  for (const entry of entries) {
    const [name = '', versions, ...extra] = entry.split('=')
    if (!NAME.test(name) || versions === undefined || extra.length > 0 || masks.has(name)) {
      malformed('protocol list', 'Name=versions, each name once')
    }
    masks.set(name, parseMask(versions))
  }
  return new ProtocolVersions(masks)
}

function parseMask(versions: string): bigint {
  if (versions === '') return 0n
  let mask = 0n
  for (const range of versions.split(',')) {
    const [, low, high] = RANGE.exec(range) ?? []
    const first = Number(low ?? Number.NaN)
    const last = Number(high ?? low ?? Number.NaN)
    if (!(first <= last && last <= MAX_VERSION))
      malformed('protocol list', 'ascending ranges of versions up to 63')
    mask |= ((1n << BigInt(last - first + 1)) - 1n) << BigInt(first)
  }
  return mask
}

/**
 * What this client speaks. Relay: ntor, EXTEND2 with IPv6, ntor-v3. FlowCtrl: congestion
 * control too. Conflux: sets of circuits. Desc and Microdesc: documents with and without
 * keys for the retired TAP handshake. LinkAuth is for who authenticates as a relay, which a client never does.
 */
const IMPLEMENTED = parseProtocolVersions(
  'Conflux=1 Cons=1-2 Desc=1-4 DirCache=2 FlowCtrl=1-2 Link=4-5 Microdesc=1-3 Relay=2-4',
)

/** What `required` asks for that this client does not speak, e.g. `['Relay=7']`; empty is good. */
export function findMissingProtocols(required: ProtocolVersions): string[] {
  return required.without(IMPLEMENTED)
}
