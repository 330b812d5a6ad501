/** The URLs of directory documents (dir-spec 4.1 to 4.3 and appendix B), all asked in their packed `.z` form. */
import type { RsaIdentity } from '../linkspec/relay-ids.ts'
import { toBase64Unpadded } from '../util/bytes.ts'

/** C tor's MAX_MICRODESC_DIGESTS for requests over a circuit: a URL of 22 KB. */
export const MAX_MICRODESCS_PER_REQUEST = 500
/** The consensus URL names authorities by the first three bytes of their identity. */
const CONSENSUS_ID_DIGITS = 6

/** Asks for a consensus that more than half of the trusted authorities signed; a cache without one answers 404. */
export function consensusPath(trusted: readonly RsaIdentity[]): string {
  const ids = trusted.map((identity) => identity.slice(0, CONSENSUS_ID_DIGITS)).sort()
  return `/tor/status-vote/current/consensus-microdesc/${ids.join('+')}.z`
}

/** The newest certificates of these authorities. */
export function certsPath(identities: readonly RsaIdentity[]): string {
  return `/tor/keys/fp/${[...identities].sort().join('+')}.z`
}

/** Certificates for exactly these signing keys. */
export function certsBySigningKeyPath(
  wanted: readonly { readonly identity: RsaIdentity; readonly signingKey: RsaIdentity }[],
): string {
  return `/tor/keys/fp-sk/${wanted.map(({ identity, signingKey }) => `${identity}-${signingKey}`).join('+')}.z`
}

/** The server descriptor of the relay that is asked. */
export const OWN_DESCRIPTOR_PATH = '/tor/server/authority.z'

/** `digests` are SHA-256 values; base64 may hold `+` and `/`, which are not escaped. */
export function microdescsPath(digests: readonly Uint8Array[]): string {
  return `/tor/micro/d/${digests.map(toBase64Unpadded).join('-')}.z`
}
