/** The captured documents of a private network, taken apart for tests. Its clock stood at `LIVE_NOW_MS`. */
import live from '../../../vectors/live_directory_tor_0_4_9_11.json' with { type: 'json' }
import { parseRsaIdentity, type RsaIdentity } from '../../../../core/linkspec/relay-ids.ts'
import type { Authority } from '../../../../core/netdir/authorities.ts'

/** 2026-11-22 15:12:00, within the freshness of the second consensus (15:10 to 15:15, valid until 15:25). */
export const LIVE_NOW_MS = Date.UTC(2026, 10, 22, 15, 12)

export const LIVE_CONSENSUS_1 = Buffer.from(live.consensus_microdesc_1)
export const LIVE_CONSENSUS_2 = Buffer.from(live.consensus_microdesc_2)
export const LIVE_CERTS = live.authority_certs
export const LIVE_MICRODESCS = live.microdescs
export const LIVE_TRUSTED: readonly RsaIdentity[] = live.required_v3idents.map(parseRsaIdentity)

export const LIVE_AUTHORITIES: readonly Authority[] = LIVE_TRUSTED.map((v3Identity, index) =>
  authorityOf(v3Identity, index),
)

export function authorityOf(v3Identity: RsaIdentity, index: number): Authority {
  return {
    nickname: `auth${index}`,
    v3Identity,
    rsaIdentity: parseRsaIdentity(`${index + 1}`.padStart(40, 'A')),
    endpoints: [{ host: '127.0.0.1', port: 21001 + index }],
    isBridgeAuthority: false,
  }
}

/** Splits a concatenation into its certificates. */
export function splitCerts(text: string): string[] {
  return text.split(/^(?=dir-key-certificate-version )/m).filter((cert) => cert.length > 0)
}

export function splitMicrodescs(text: string): string[] {
  return text.split(/^(?=onion-key\n)/m).filter((document) => document.length > 0)
}
