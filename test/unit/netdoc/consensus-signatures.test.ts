import { describe, expect, it } from 'vitest'
import {
  type AuthorityCert,
  parseAuthorityCert,
  parseAuthorityCerts,
} from '../../../core/netdoc/authority-cert.ts'
import {
  type SignatureCheck,
  requireEnoughSignatures,
  verifyConsensusSignatures,
} from '../../../core/netdoc/consensus-signatures.ts'
import { parseConsensus } from '../../../core/netdoc/consensus.ts'
import { isTorError } from '../../../core/util/errors.ts'
import { capturedDirectory } from '../../support/directory-vectors.ts'
import { generateDirectory } from '../../support/generate-directory.ts'
import { TestAuthority, signConsensus } from '../../support/test-authority.ts'

const directory = generateDirectory({ relays: 10, authorities: 9 })
const { authorities, trustedV3Idents, unsigned, validAfterMs: now } = directory
const certs = parseAuthorityCerts(directory.certs).certs

function check(bytes: Buffer, known: readonly AuthorityCert[] = certs, at = now): SignatureCheck {
  return verifyConsensusSignatures(parseConsensus(bytes), known, trustedV3Idents, at)
}

describe('the signatures of a consensus', () => {
  it('of a real network verify', () => {
    for (const bytes of [capturedDirectory.consensus, capturedDirectory.nextConsensus]) {
      const consensus = parseConsensus(bytes)
      const known = parseAuthorityCerts(capturedDirectory.certs).certs
      const { trustedV3Idents: trusted } = capturedDirectory
      const result = verifyConsensusSignatures(consensus, known, trusted, consensus.validAfterMs)
      expect(result).toEqual({ valid: 3, needed: 2, isEnough: true, missingCerts: [], bad: [] })
    }
  })

  it('are enough when more than half of the trusted authorities signed, and no sooner', () => {
    const signedBy = (count: number): SignatureCheck =>
      check(signConsensus(unsigned, authorities.slice(0, count)))
    expect(signedBy(9)).toMatchObject({ valid: 9, needed: 5, isEnough: true })
    expect(signedBy(5)).toMatchObject({ valid: 5, isEnough: true })
    expect(signedBy(4)).toMatchObject({ valid: 4, isEnough: false })
    expect(() => requireEnoughSignatures(signedBy(5))).not.toThrow()
    try {
      requireEnoughSignatures(signedBy(4))
      expect.unreachable()
    } catch (error) {
      expect(isTorError(error, 'bad-directory')).toBe(true)
    }
  })

  it('need more than half of an even number too', () => {
    const consensus = parseConsensus(directory.consensus)
    expect(verifyConsensusSignatures(consensus, certs, trustedV3Idents.slice(0, 8), now).needed).toBe(5)
    expect(verifyConsensusSignatures(consensus, certs, [], now)).toMatchObject({ needed: 1, isEnough: false })
  })

  it('of one authority count once, however often it signs', () => {
    const [first, second] = authorities
    if (first === undefined || second === undefined) return expect.unreachable()
    const result = check(signConsensus(unsigned, [first, first, first, first, first, second]))
    expect(result).toMatchObject({ valid: 2, isEnough: false })
  })

  it('are needed from distinct authorities even when the trusted list repeats one', () => {
    const consensus = parseConsensus(signConsensus(unsigned, authorities.slice(0, 1)))
    const [first] = trustedV3Idents
    if (first === undefined) return expect.unreachable()
    const result = verifyConsensusSignatures(consensus, certs, [first, first], now)
    expect(result).toMatchObject({ valid: 1, needed: 1 })
  })

  it('of an authority that is not trusted are never counted nor asked for', () => {
    const stranger = new TestAuthority('stranger')
    const known = [...certs, parseAuthorityCert(stranger.certificate(now))]
    const bytes = signConsensus(unsigned, [stranger, ...authorities.slice(0, 4)])
    expect(check(bytes, known)).toEqual({ valid: 4, needed: 5, isEnough: false, missingCerts: [], bad: [] })
  })

  it('are bad when one byte of the document is changed', () => {
    for (const at of [30, 300, Math.floor(unsigned.length / 2), unsigned.indexOf('Wbd=817') + 5]) {
      const bytes = Buffer.from(directory.consensus)
      bytes[at] = bytes[at] === 0x31 ? 0x32 : 0x31
      try {
        expect(check(bytes)).toMatchObject({ valid: 0, isEnough: false })
      } catch (error) {
        expect(isTorError(error, 'malformed')).toBe(true)
      }
    }
    const weight = directory.consensus.indexOf('Wbd=817') + 4
    const changed = Buffer.from(directory.consensus)
    changed[weight] = 0x39
    expect(check(changed)).toMatchObject({ valid: 0, missingCerts: [] })
    expect(check(changed).bad).toHaveLength(9)
  })

  it('are bad when one bit of the signature is changed, for that authority alone', () => {
    const text = directory.consensus.toString('latin1')
    const at = text.indexOf('-----BEGIN SIGNATURE-----\n') + 100
    const changed = text.slice(0, at) + (text[at] === 'A' ? 'B' : 'A') + text.slice(at + 1)
    const result = check(Buffer.from(changed, 'latin1'))
    expect(result).toMatchObject({ valid: 8, isEnough: true, bad: [authorities[0]?.identity] })
  })

  it('name the certificates that are missing', () => {
    const result = check(directory.consensus, certs.slice(0, 3))
    expect(result).toMatchObject({ valid: 3, isEnough: false })
    expect(result.missingCerts).toEqual(
      authorities
        .slice(3)
        .map(({ identity, signingKeyDigest }) => ({ identity, signingKey: signingKeyDigest })),
    )
  })

  it('cannot be judged with a certificate that has expired', () => {
    const result = check(directory.consensus, certs, now + 366 * 86_400_000)
    expect(result.valid).toBe(0)
    expect(result.missingCerts).toHaveLength(9)
  })

  it('over a SHA-1 digest do not count', () => {
    const signed = Buffer.from(`${unsigned}directory-signature `, 'latin1')
    const signatures = authorities.map((authority) => authority.signature(signed, 'sha1')).join('')
    expect(check(Buffer.from(unsigned + signatures, 'latin1'))).toMatchObject({ valid: 0, bad: [] })
  })
})
