import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseAuthorityCert, parseAuthorityCerts } from '../../../core/netdoc/authority-cert.ts'
import { TorError, isTorError } from '../../../core/util/errors.ts'
import { capturedDirectory, mustReject } from '../../support/directory-vectors.ts'
import { TestAuthority } from '../../support/test-authority.ts'

const ALL = capturedDirectory.certs.toString('latin1')
const FIRST = ALL.slice(0, ALL.indexOf('\ndir-key-certificate-version') + 1)

describe('authority certificates', () => {
  it('of a real network are verified and read', () => {
    const { certs, rejected } = parseAuthorityCerts(capturedDirectory.certs)
    expect(rejected).toEqual([])
    expect(certs.map(({ identity }) => identity).sort()).toEqual(
      [...capturedDirectory.trustedV3Idents].sort(),
    )
    expect(certs[0]?.publishedMs).toBe(Date.UTC(2026, 10, 22, 14, 47, 51))
    expect(certs[0]?.expiresMs).toBe(Date.UTC(2027, 10, 22, 14, 47, 51))
    expect(certs[0]?.signingKeyDigest).toBe('3A8236D8056B3F6413C15D69C2CD6C618CF6D598')
    expect(certs.map(({ text }) => text).join('')).toBe(ALL)
  })

  it('may leave out "ID" in the label of the crosscert', () => {
    const text = FIRST.replace('BEGIN ID SIGNATURE', 'BEGIN SIGNATURE').replace(
      'END ID SIGNATURE',
      'END SIGNATURE',
    )
    // The change lies in the certified part, so that only that signature fails now.
    expect(() => parseAuthorityCert(text)).toThrow(/wrong certification/)
  })

  it.each(mustReject('bad-certs').map(({ name, text }) => [name, text] as const))(
    'are refused as %s',
    (_, text) => {
      expect(() => parseAuthorityCert(text)).toThrow(TorError)
    },
  )

  it('are refused when any one byte is changed', () => {
    // Every 41st byte, so that over the document all kinds of places are hit.
    for (let at = 0; at < FIRST.length; at += 41) {
      const bytes = Buffer.from(FIRST, 'latin1')
      bytes[at] = (bytes[at] ?? 0) ^ 1
      expect(() => parseAuthorityCert(bytes.toString('latin1')), `byte ${at}`).toThrow(TorError)
    }
  })

  it('are refused when an item comes twice or has arguments that it must not have', () => {
    const twice = FIRST.replace('dir-key-published', 'fingerprint 00\ndir-key-published')
    expect(() => parseAuthorityCert(twice)).toThrow(TorError)
    expect(() => parseAuthorityCert(FIRST.replace('dir-signing-key\n', 'dir-signing-key x\n'))).toThrow(
      TorError,
    )
  })

  it('are refused when they expire before they begin', () => {
    const now = Date.UTC(2026, 10, 22)
    const text = new TestAuthority('a').certificate(now, { publishedMs: now, expiresMs: now - 1000 })
    expect(() => parseAuthorityCert(text)).toThrow(TorError)
  })

  it('are refused when another authority signed them', () => {
    const now = Date.UTC(2026, 10, 22)
    const [mine, other] = [new TestAuthority('a').certificate(now), new TestAuthority('b').certificate(now)]
    const mark = 'dir-key-certification\n'
    const forged = mine.slice(0, mine.indexOf(mark)) + other.slice(other.indexOf(mark))
    expect(() => parseAuthorityCert(forged)).toThrow(/wrong certification/)
    const cross = 'dir-key-crosscert\n'
    const stolen =
      mine.slice(0, mine.indexOf(cross)) +
      other.slice(other.indexOf(cross), other.indexOf(mark)) +
      mine.slice(mine.indexOf(mark))
    expect(() => parseAuthorityCert(stolen)).toThrow(/wrong crosscert/)
  })

  it('that are bad do not take the others of a batch with them', () => {
    const bad = ALL.replace('fingerprint 3', 'fingerprint 4')
    const { certs, rejected } = parseAuthorityCerts(Buffer.from(`junk\n${bad}`, 'latin1'))
    expect(certs).toHaveLength(2)
    expect(rejected).toHaveLength(2)
  })

  it('are certificates or typed errors for any bytes', () => {
    fc.assert(
      fc.property(fc.nat(FIRST.length - 1), fc.nat(30), fc.string({ maxLength: 9 }), (at, cut, text) => {
        try {
          parseAuthorityCert(FIRST.slice(0, at) + text + FIRST.slice(at + cut))
        } catch (error) {
          expect(isTorError(error)).toBe(true)
        }
      }),
    )
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        expect(parseAuthorityCerts(Buffer.from(bytes)).certs).toEqual([])
      }),
    )
  })
})
