/** Sets of authority certificates: which to keep, which are missing. Pure. */
import type { RsaIdentity } from '../linkspec/relay-ids.ts'
import type { AuthorityCert } from '../netdoc/authority-cert.ts'

/** An authority has one signing key in use and, around a change, its successor. */
const MAX_CERTS_PER_AUTHORITY = 3

/** Trusted authorities of which no unexpired certificate is held. */
export function missingCertIdentities(
  certs: readonly AuthorityCert[],
  trusted: readonly RsaIdentity[],
  nowMs: number,
): RsaIdentity[] {
  const covered = new Set(certs.filter((cert) => cert.expiresMs > nowMs).map((cert) => cert.identity))
  return trusted.filter((identity) => !covered.has(identity))
}

/**
 * Both sets together: one certificate for each signing key, the newest few of each trusted authority, none expired. A
 * certificate of anybody else is dropped: nothing may hang on what a relay chose to send.
 */
export function addCerts(
  held: readonly AuthorityCert[],
  added: readonly AuthorityCert[],
  trusted: readonly RsaIdentity[],
  nowMs: number,
): AuthorityCert[] {
  const trustedSet = new Set(trusted)
  const bySigningKey = new Map<string, AuthorityCert>()
  for (const cert of [...held, ...added]) {
    if (!trustedSet.has(cert.identity) || cert.expiresMs <= nowMs) continue
    const key = `${cert.identity}-${cert.signingKeyDigest}`
    const other = bySigningKey.get(key)
    if (other === undefined || other.publishedMs < cert.publishedMs) bySigningKey.set(key, cert)
  }
  const perAuthority = new Map<RsaIdentity, number>()
  return [...bySigningKey.values()]
    .sort((a, b) => b.publishedMs - a.publishedMs)
    .filter((cert) => {
      const count = (perAuthority.get(cert.identity) ?? 0) + 1
      perAuthority.set(cert.identity, count)
      return count <= MAX_CERTS_PER_AUTHORITY
    })
}
