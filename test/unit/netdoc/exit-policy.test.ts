import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { REJECT_ALL, parseExitPolicy } from '../../../core/netdoc/exit-policy.ts'
import { TorError, isTorError } from '../../../core/util/errors.ts'

describe('an exit policy summary', () => {
  it('that accepts allows its ports alone', () => {
    const policy = parseExitPolicy('accept 80,443,8000-8100')
    expect([80, 443, 8000, 8050, 8100].every((port) => policy.allowsPort(port))).toBe(true)
    expect([1, 79, 81, 444, 7999, 8101, 65_535].some((port) => policy.allowsPort(port))).toBe(false)
    expect(policy.rejectsAll).toBe(false)
  })

  it('that rejects allows all other ports', () => {
    const policy = parseExitPolicy('reject 25,119-120')
    expect([1, 24, 26, 118, 121, 65_535].every((port) => policy.allowsPort(port))).toBe(true)
    expect([25, 119, 120].some((port) => policy.allowsPort(port))).toBe(false)
    expect(policy.rejectsAll).toBe(false)
  })

  it('may list ranges in any order, overlapping', () => {
    const policy = parseExitPolicy('reject 100-65535,1-50,40-120')
    expect(policy.rejectsAll).toBe(true)
    expect(parseExitPolicy('accept 443,80').allowsPort(80)).toBe(true)
  })

  it('never allows what is not a port', () => {
    for (const policy of [REJECT_ALL, parseExitPolicy('accept 1-65535'), parseExitPolicy('reject 25')]) {
      expect([0, -1, 65_536].some((port) => policy.allowsPort(port))).toBe(false)
    }
    expect(REJECT_ALL.rejectsAll).toBe(true)
  })

  it.each([
    '',
    'accept',
    'accept ',
    'allow 80',
    'accept 0',
    'accept 65536',
    'accept 90-80',
    'accept 80-',
    'accept -80',
    'accept 80,,90',
    'accept 80 90',
    'accept *',
    `accept ${Array.from({ length: 1001 }, (_, at) => at + 1).join(',')}`,
  ])('is refused as "%.30s"', (text) => {
    expect(() => parseExitPolicy(text)).toThrow(TorError)
  })

  it('is a policy or the typed error for any text', () => {
    fc.assert(
      fc.property(fc.constantFrom('accept ', 'reject ', ''), fc.string(), (verdict, text) => {
        try {
          parseExitPolicy(verdict + text)
        } catch (error) {
          expect(isTorError(error, 'malformed')).toBe(true)
        }
      }),
    )
  })
})
