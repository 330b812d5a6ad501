/**
 * The proof that whoever has a relay's identity also has its ntor onion key (dir-spec 2.1.1, "ntor-onion-key-crosscert"):
 * the onion key, turned into an ed25519 key, signs the identity. All values here are public.
 */
import { CERT_KEY_ED25519, parseEd25519Certificate, verifyEd25519Certificate } from './tor-certificate.ts'

const CERT_TYPE_NTOR_CROSS = 0x0a
const FIELD_PRIME = 2n ** 255n - 19n
const KEY_BYTES = 32

/**
 * When the certificate ends, in milliseconds since 1970; undefined when it does not prove it. `signBit` is the one that
 * the curve25519 key lacks. Throws `malformed`.
 */
export function checkNtorCrosscert(
  certificate: Uint8Array,
  ntorKey: Uint8Array,
  signBit: 0 | 1,
  ed25519Identity: Uint8Array,
): number | undefined {
  const cert = parseEd25519Certificate(certificate)
  if (cert.certType !== CERT_TYPE_NTOR_CROSS || cert.keyType !== CERT_KEY_ED25519) return undefined
  if (!cert.certifiedKey.equals(ed25519Identity)) return undefined
  const signer = ed25519FromCurve25519(ntorKey, signBit)
  return signer !== undefined && verifyEd25519Certificate(cert, signer) ? cert.expiresMs : undefined
}

/** y = (u - 1) / (u + 1); undefined for the one u that has none (proposal 228, appendix A). */
function ed25519FromCurve25519(publicKey: Uint8Array, signBit: 0 | 1): Buffer | undefined {
  const littleEndian = Buffer.from(publicKey).reverse()
  const u = (BigInt(`0x${littleEndian.toString('hex')}`) & (2n ** 255n - 1n)) % FIELD_PRIME
  if (u === FIELD_PRIME - 1n) return undefined
  const y = ((u - 1n + FIELD_PRIME) * power(u + 1n, FIELD_PRIME - 2n)) % FIELD_PRIME
  const encoded = Buffer.from(y.toString(16).padStart(KEY_BYTES * 2, '0'), 'hex').reverse()
  encoded[KEY_BYTES - 1] = (encoded[KEY_BYTES - 1] ?? 0) | (signBit << 7)
  return encoded
}

function power(base: bigint, exponent: bigint): bigint {
  let result = 1n
  let square = base % FIELD_PRIME
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if ((rest & 1n) === 1n) result = (result * square) % FIELD_PRIME
    square = (square * square) % FIELD_PRIME
  }
  return result
}
