/** Lists of subprotocol versions such as `Link=4-5 Relay=2-4`, kept as bit masks (tor-spec 9). */
import { TorError } from '../util/errors.ts'

/** An immutable set of (protocol, version) pairs; versions are 0 to 63. */
export interface ProtocolVersions {
  supports(protocol: string, version: number): boolean
}

/** Throws `malformed`. */
export function parseProtocolVersions(_text: string): ProtocolVersions {
  throw new TorError('internal', 'not built yet')
}

/** What `required` asks for that this client does not speak, e.g. `['Relay=7']`; empty is good. */
export function findMissingProtocols(_required: ProtocolVersions): string[] {
  throw new TorError('internal', 'not built yet')
}
