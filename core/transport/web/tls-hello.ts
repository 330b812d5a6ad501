/**
 * A TLS hello that is drawn anew for each session: which ciphers, groups and signature algorithms it offers and in which
 * order. Node cannot send a browser's hello; one that is always the same would be this program's mark, and one that no two
 * sessions share gives a list of known hellos nothing to hold. What every server needs is always among it.
 */
import { type Random, randomBelow, shuffled } from '../../util/random.ts'

/** As Node's TLS options take them. */
export interface TlsHello {
  readonly ciphers: string
  readonly ecdhCurve: string
  readonly sigalgs: string
}

/** Of TLS 1.3. All three are in any browser's hello. */
const TLS13_CIPHERS = ['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256']
/** Of TLS 1.2; without the first two some servers could not be reached. */
const NEEDED_CIPHERS = ['ECDHE-ECDSA-AES128-GCM-SHA256', 'ECDHE-RSA-AES128-GCM-SHA256']
const MORE_CIPHERS = [
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
]
/** Browsers name them last. */
const OLD_CIPHERS = [
  'ECDHE-ECDSA-AES128-SHA',
  'ECDHE-ECDSA-AES256-SHA',
  'ECDHE-RSA-AES128-SHA',
  'ECDHE-RSA-AES256-SHA',
  'AES128-GCM-SHA256',
  'AES256-GCM-SHA384',
  'AES128-SHA',
  'AES256-SHA',
]

/** A key share is sent for the first, and X25519 is what servers take without asking again. */
const FIRST_GROUP = 'X25519'
const NEEDED_GROUPS = ['P-256']
const MORE_GROUPS = ['P-384', 'P-521']

/** Every certificate of the public web is signed with one of them. */
const NEEDED_SIGNATURES = [
  'ecdsa_secp256r1_sha256',
  'rsa_pss_rsae_sha256',
  'rsa_pkcs1_sha256',
  'ecdsa_secp384r1_sha384',
  'rsa_pss_rsae_sha384',
  'rsa_pkcs1_sha384',
]
const MORE_SIGNATURES = ['rsa_pss_rsae_sha512', 'rsa_pkcs1_sha512', 'ecdsa_secp521r1_sha512']

export function drawTlsHello(random: Random): TlsHello {
  const modern = shuffled(random, [...NEEDED_CIPHERS, ...drawSome(random, MORE_CIPHERS)])
  const old = shuffled(random, drawSome(random, OLD_CIPHERS))
  const groups = shuffled(random, [...NEEDED_GROUPS, ...drawSome(random, MORE_GROUPS)])
  const signatures = shuffled(random, [...NEEDED_SIGNATURES, ...drawSome(random, MORE_SIGNATURES)])
  return {
    ciphers: [...shuffled(random, TLS13_CIPHERS), ...modern, ...old].join(':'),
    ecdhCurve: [FIRST_GROUP, ...groups].join(':'),
    sigalgs: signatures.join(':'),
  }
}

/** Each with an even chance. */
function drawSome(random: Random, items: readonly string[]): readonly string[] {
  return items.filter(() => randomBelow(random, 2) === 1)
}
