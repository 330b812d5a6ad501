import { describe, expect, it } from 'vitest'
import { createDeferred } from '../../../core/util/deferred.ts'
import { isTorError, malformed, protocolViolation, TorError, toTorError } from '../../../core/util/errors.ts'

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
