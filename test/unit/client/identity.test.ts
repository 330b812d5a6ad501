import { beforeEach, describe, expect, it } from 'vitest'
import { IDENTITY_CHANGES, IDENTITY_KEEPS, IdentityEpochs } from '../../../core/client/identity.ts'
import { createLifetime } from '../../../core/util/abort.ts'
import { silentLogger } from '../../../core/util/log.ts'
import { type ManualClock, manualClock } from '../../support/manual-clock.ts'

let clock: ManualClock
let done: string[]
let lifetime: AbortController
let identity: IdentityEpochs

beforeEach(() => {
  clock = manualClock()
  done = []
  lifetime = createLifetime()
  identity = new IdentityEpochs({
    clock,
    log: silentLogger,
    lifetime: lifetime.signal,
    circuits: {
      retireAll: (reason) => done.push(`retire all: ${reason}`),
      forgetPredictions: () => done.push('forget predictions'),
    },
    tracked: { clear: () => done.push('forget tracked exits') },
  })
  identity.epochs.watch((epoch) => done.push(`epoch ${epoch}`))
})

describe('a new identity', () => {
  it('forgets first and retires then, so that nothing is built from what is forgotten', async () => {
    expect(await identity.next()).toEqual({ epoch: 1, changed: IDENTITY_CHANGES, kept: IDENTITY_KEEPS })
    expect(done).toEqual([
      'forget tracked exits',
      'forget predictions',
      'epoch 1',
      'retire all: a new identity',
    ])
  })

  it('comes ten seconds after the last one, once for all who ask meanwhile, and says when it is done', async () => {
    await identity.next()
    const asked = [identity.next(), identity.next(), identity.next()]
    clock.advance(9_999)
    await Promise.resolve()
    expect(identity.epochs.value).toBe(1)
    clock.advance(1)
    expect((await Promise.all(asked)).map(({ epoch }) => epoch)).toEqual([2, 2, 2])
    expect(identity.epochs.value).toBe(2)
  })

  it('comes also when one of those who asked does not wait for it', async () => {
    await identity.next()
    const controller = new AbortController()
    const asked = identity.next(controller.signal)
    controller.abort()
    await expect(asked).rejects.toMatchObject({ kind: 'aborted' })
    clock.advance(10_000)
    await new Promise((resolve) => setImmediate(resolve))
    expect(identity.epochs.value).toBe(2)
  })

  it('does not come any more when the client is closed', async () => {
    await identity.next()
    const asked = identity.next()
    lifetime.abort(new Error('closed'))
    await expect(asked).rejects.toThrow('closed')
    expect(identity.epochs.value).toBe(1)
  })

  it('leaves the guards alone, and says so', () => {
    expect(IDENTITY_KEEPS).toContain('guards')
  })
})
