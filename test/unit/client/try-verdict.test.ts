import { describe, expect, it } from 'vitest'
import { judgeFailedTry } from '../../../core/client/try-verdict.ts'
import { endErrorBeforeAnswer } from '../../../core/stream/end-reasons.ts'
import { TorError } from '../../../core/util/errors.ts'

const LIMITS = { allowsIpv4: true, allowsIpv6: true, allowsInternalAddresses: false }

const judgeEnd = (reason: number, address?: string, limits = LIMITS): string => {
  const error = endErrorBeforeAnswer({ reason, address }, 'begin')
  const { next, circuit, exit } = judgeFailedTry(error, true, limits)
  return `${next}, ${circuit}, ${exit}`
}

describe('the verdict on an exit that answered BEGIN with END', () => {
  for (const [name, reason, verdict] of [
    ['MISC', 1, 'elsewhere, retire, fine'],
    ['RESOLVEFAILED', 2, 'elsewhere, retire, fine'],
    ['CONNECTREFUSED', 3, 'give-up, keep, fine'],
    ['EXITPOLICY', 4, 'elsewhere-freely, retire, refuses-all'],
    ['DONE', 6, 'give-up, keep, fine'],
    ['TIMEOUT', 7, 'elsewhere, retire, fine'],
    ['NOROUTE', 8, 'elsewhere, retire, fine'],
    ['HIBERNATING', 9, 'elsewhere-freely, retire, refuses-all'],
    ['INTERNAL', 10, 'elsewhere, retire, fine'],
    ['RESOURCELIMIT', 11, 'elsewhere-freely, retire, refuses-all'],
    ['CONNRESET', 12, 'give-up, keep, fine'],
    ['no reason (0)', 0, 'elsewhere, retire, fine'],
    ['a reason that we do not know', 250, 'elsewhere, retire, fine'],
  ] as const) {
    it(`is "${verdict}" for ${name}`, () => {
      expect(judgeEnd(reason)).toBe(verdict)
    })
  }

  it('notes the target where EXITPOLICY names the address', () => {
    expect(judgeEnd(4, '192.0.2.1')).toBe('elsewhere-freely, keep, refuses-target')
    expect(judgeEnd(4, '2001:db8::1')).toBe('elsewhere-freely, keep, refuses-target')
  })

  it('is final when EXITPOLICY names an address that was not to be connected to', () => {
    for (const address of ['0.0.0.0', '10.1.2.3', '::1']) {
      expect(judgeEnd(4, address)).toBe('give-up, retire, fine')
    }
    expect(judgeEnd(4, '192.0.2.1', { ...LIMITS, allowsIpv4: false })).toBe('give-up, retire, fine')
    expect(judgeEnd(4, '2001:db8::1', { ...LIMITS, allowsIpv6: false })).toBe('give-up, retire, fine')
    const testing = { ...LIMITS, allowsInternalAddresses: true }
    expect(judgeEnd(4, '127.0.0.1', testing)).toBe('elsewhere-freely, keep, refuses-target')
  })

  it('TROVE-2026-052: is final for a directory stream, whatever the reason', () => {
    for (let reason = 0; reason < 256; reason++) {
      const error = endErrorBeforeAnswer({ reason, address: undefined }, 'begin-dir')
      expect(judgeFailedTry(error, true, LIMITS).next).toBe('give-up')
    }
  })
})

describe('the verdict on another failure', () => {
  it('asks elsewhere after silence, and leaves the circuit', () => {
    const error = new TorError('timeout', 'waiting for the exit', { retry: 'elsewhere' })
    expect(judgeFailedTry(error, true, LIMITS)).toMatchObject({ next: 'elsewhere-freely', circuit: 'retire' })
  })

  it('asks elsewhere when the circuit is gone: of an exit that broke the rules, or of any when a relay went away', () => {
    for (const kind of ['protocol-violation', 'malformed'] as const) {
      const verdict = judgeFailedTry(new TorError(kind, 'gone'), false, LIMITS)
      expect(verdict).toMatchObject({ next: 'elsewhere', circuit: 'retire' })
    }
    for (const kind of ['circuit-failed', 'channel-failed'] as const) {
      const verdict = judgeFailedTry(new TorError(kind, 'gone'), false, LIMITS)
      expect(verdict).toMatchObject({ next: 'elsewhere-freely', circuit: 'lost' })
    }
  })

  it('is final for an answer that is no good', () => {
    for (const kind of ['bad-target', 'protocol-violation'] as const) {
      expect(judgeFailedTry(new TorError(kind, 'internal address'), true, LIMITS).next).toBe('give-up')
    }
  })
})
