/** The captured directory documents of `test/vectors`, as bytes. */
import liveDirectory from '../vectors/live_directory_tor_0_4_9_11.json' with { type: 'json' }
import parseVectors from '../vectors/netdoc_parse.json' with { type: 'json' }
import { type RsaIdentity, parseRsaIdentity } from '../../core/linkspec/relay-ids.ts'

const bytes = (text: string): Buffer => Buffer.from(text, 'latin1')

/** A private network of three authorities and nine relays: everything in it verifies. */
export const capturedDirectory = {
  consensus: bytes(liveDirectory.consensus_microdesc_1),
  nextConsensus: bytes(liveDirectory.consensus_microdesc_2),
  nsConsensus: bytes(liveDirectory.consensus_ns),
  certs: bytes(liveDirectory.authority_certs),
  microdescriptors: bytes(liveDirectory.microdescs),
  trustedV3Idents: liveDirectory.required_v3idents.map((id): RsaIdentity => parseRsaIdentity(id)),
}

/** The real network's consensus, cut down to five relays, so that its signatures do not verify. */
export const realConsensus = bytes(parseVectors.live_consensus_microdesc_2026_07_27)
export const realMicrodescriptors = bytes(parseVectors.live_microdescs.join(''))

export interface RejectVector {
  readonly name: string
  readonly text: string
}

/** Documents of `kind` (`bad-certs`, `bad-mdconsensus`, `bad-mds`) that no parser may take. */
export function mustReject(kind: string): RejectVector[] {
  return parseVectors.must_reject.filter((vector) => vector.kind === kind)
}

export function acceptedMicrodescriptors(name: string): Buffer {
  return bytes(parseVectors.microdescs_ok.find((vector) => vector.name === name)?.text ?? '')
}
