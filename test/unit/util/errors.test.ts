import { describe, expect, it } from 'vitest'
import { createDeferred } from '../../../core/util/deferred.ts'
import {
  codeOrName,
  isTorError,
  malformed,
  protocolViolation,
  systemCodeOf,
  TorError,
  toTorError,
} from '../../../core/util/errors.ts'

describe('errors', () => {
  it('say their kind and when to try again', () => {
    expect(new TorError('timeout', 'slow')).toMatchObject({
      name: 'TorError',
      kind: 'timeout',
      retry: 'never',
    })
    expect(new TorError('timeout', 'slow', { retry: 'later' }).retry).toBe('later')
    expect(protocolViolation('odd').kind).toBe('protocol-violation')
  })

  it('say what was expected and what came', () => {
    expect(() => malformed('CERTS', 'a list')).toThrow('CERTS: expected a list')
    expect(() => malformed('CERTS', 'a list', 7)).toThrow('CERTS: expected a list, got 7')
  })

  it('are made of anything thrown, keeping ours and the cause', () => {
    const ours = new TorError('closed', 'gone')
    expect(toTorError(ours, 'internal')).toBe(ours)
    const theirs = new RangeError('out of range')
    const wrapped = toTorError(theirs, 'channel-failed', 'reading')
    expect(wrapped).toMatchObject({ kind: 'channel-failed', message: 'reading: out of range', cause: theirs })
    expect(toTorError('text').kind).toBe('internal')
  })

  it('are told apart by kind', () => {
    const error: unknown = new TorError('closed', 'gone')
    expect([isTorError(error), isTorError(error, 'closed'), isTorError(error, 'timeout')]).toEqual([
      true,
      true,
      false,
    ])
    expect(isTorError(new Error('closed'))).toBe(false)
  })

  it('give the system’s code from below whatever explained it, and are logged by it and not by the words that name an address', () => {
    const refused = Object.assign(new Error('connect ECONNREFUSED 192.0.2.7:443'), { code: 'ECONNREFUSED' })
    const explained = new TorError('channel-failed', 'no link', { cause: refused })
    expect([systemCodeOf(explained), codeOrName(explained)]).toEqual(['ECONNREFUSED', 'ECONNREFUSED'])
    expect([systemCodeOf(new RangeError('192.0.2.7')), codeOrName(new RangeError('192.0.2.7'))]).toEqual([
      undefined,
      'RangeError',
    ])
    expect(systemCodeOf('ECONNREFUSED')).toBeUndefined()
    // Node's own codes are text, those of some libraries numbers.
    expect(systemCodeOf(Object.assign(new Error('x'), { code: 7 }))).toBeUndefined()
  })
})

describe('a deferred promise', () => {
  it('settles once, and is no crash when nobody waits', async () => {
    const first = createDeferred<number>()
    first.resolve(1)
    first.reject(new Error('too late'))
    expect(await first.promise).toBe(1)
    const second = createDeferred<number>()
    second.reject(new Error('nobody waits'))
    await new Promise((resolve) => setImmediate(resolve))
    await expect(second.promise).rejects.toThrow('nobody waits')
  })
})
