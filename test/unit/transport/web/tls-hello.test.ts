/** Hellos drawn at random: each has what servers need, and no two sessions need look alike. */
import { createSecureContext } from 'node:tls'
import { expect, test } from 'vitest'
import { drawTlsHello } from '../../../../core/transport/web/tls-hello.ts'
import { seededRandom } from '../../../support/seeded-random.ts'

const random = seededRandom(7)
const hellos = Array.from({ length: 100 }, () => drawTlsHello(random))

test('every one has what the servers of the web need, and is one that the platform can send', () => {
  for (const { ciphers, ecdhCurve, sigalgs } of hellos) {
    expect(ciphers).toMatch(/^TLS_/)
    for (const cipher of [
      'TLS_AES_128_GCM_SHA256',
      'ECDHE-ECDSA-AES128-GCM-SHA256',
      'ECDHE-RSA-AES128-GCM-SHA256',
    ]) {
      expect(ciphers.split(':')).toContain(cipher)
    }
    expect(ecdhCurve).toMatch(/^X25519:.*P-256/)
    expect(sigalgs.split(':')).toEqual(
      expect.arrayContaining(['rsa_pss_rsae_sha256', 'ecdsa_secp256r1_sha256']),
    )
    createSecureContext({ ciphers, ecdhCurve, sigalgs })
  }
})

test('they differ in what they offer and in the order', () => {
  for (const part of ['ciphers', 'ecdhCurve', 'sigalgs'] as const) {
    const texts = hellos.map((hello) => hello[part])
    expect(new Set(texts).size).toBeGreaterThan(5)
    expect(new Set(texts.map((text) => [...text.split(':')].sort().join())).size).toBeGreaterThan(2)
  }
  expect(new Set(hellos.map(({ ciphers }) => ciphers)).size).toBe(hellos.length)
})

test('ciphers of old kinds stand behind the modern ones', () => {
  for (const { ciphers } of hellos) {
    const kinds = ciphers
      .split(':')
      .map((cipher) => (cipher.startsWith('TLS_') ? 0 : /^ECDHE.*(GCM|POLY)/.test(cipher) ? 1 : 2))
    expect(kinds).toEqual([...kinds].sort((a, b) => a - b))
  }
})
