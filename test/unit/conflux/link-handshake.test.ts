/** How a set is linked (proposal 329, 2.2), and what ends it on the way. */
import { describe, expect, it } from 'vitest'
import { encodeRelayMessage } from '../../../core/cell/relay-message-codec.ts'
import { ConfluxSet } from '../../../core/conflux/conflux-set.ts'
import { isTorError, TorError } from '../../../core/util/errors.ts'
import { fixedRandom } from '../../support/fixed-random.ts'
import { confluxVectors } from '../../support/conflux-vectors.ts'
import { FakeLeg } from '../../support/fake-leg.ts'
import { confluxDeps, LINK_TIMEOUT_MS, linkedSet, nonceOf, NotingStream } from '../../support/linked-set.ts'
import { type ManualClock, manualClock } from '../../support/manual-clock.ts'

const { nonce, link_body: linkBody } = confluxVectors.run_withheld_sendmes

interface Linking {
  readonly clock: ManualClock
  readonly legs: readonly [FakeLeg, FakeLeg]
  readonly linking: Promise<ConfluxSet<FakeLeg>>
}

function start(signal?: AbortSignal): Linking {
  const clock = manualClock()
  const legs = [new FakeLeg({ clock }), new FakeLeg({ clock })] as const
  return { clock, legs, linking: ConfluxSet.link<FakeLeg>(legs, confluxDeps(clock), signal) }
}

async function expectFailure({ linking, legs }: Linking, kind: string): Promise<void> {
  await expect(linking).rejects.toSatisfy((error) => isTorError(error) && error.kind === kind)
  expect(legs.map(({ isOpen }) => isOpen)).toEqual([false, false])
}

describe('a set', () => {
  it('asks on each leg in the bytes that C tor’s exit took', async () => {
    const clock = manualClock()
    const legs = [new FakeLeg({ clock }), new FakeLeg({ clock })]
    const random = fixedRandom(Buffer.concat([Buffer.alloc(6), Buffer.from(nonce, 'hex')]))
    ConfluxSet.link<FakeLeg>(legs, { ...confluxDeps(clock), random }).catch(() => {})
    for (const leg of legs) {
      const bodies = leg.toExit.map((message) => encodeRelayMessage(message).body.toString('hex'))
      expect(bodies).toEqual([linkBody])
    }
  })

  it('asks with one nonce, which is another for each set', () => {
    const [one, other] = [start(), start()]
    other.linking.catch(() => {})
    one.linking.catch(() => {})
    expect(nonceOf(one.legs[0])).toEqual(nonceOf(one.legs[1]))
    expect(nonceOf(one.legs[0])).toHaveLength(32)
  })

  it('is linked when all legs are, and answers each of them at once', async () => {
    const { legs, linking } = start()
    let isLinked = false
    void linking.then(() => (isLinked = true))
    legs[1].linked(nonceOf(legs[1]))
    expect(legs[1].toExit.at(-1)).toEqual({ kind: 'conflux-linked-ack' })
    expect(legs[0].toExit).toHaveLength(1)
    await Promise.resolve()
    expect(isLinked).toBe(false)
    legs[0].linked(nonceOf(legs[0]))
    const set = await linking
    expect(set).toMatchObject({ isOpen: true, streamCount: 0, legs })
    expect(legs[0].toExit.at(-1)).toEqual({ kind: 'conflux-linked-ack' })
  })

  it('measures the round trip of each leg itself, and begins on the fastest', async () => {
    const { clock, legs, linking } = start()
    clock.advance(30)
    legs[1].linked(nonceOf(legs[1]))
    clock.advance(50)
    legs[0].linked(nonceOf(legs[0]))
    const set = await linking
    const stream = new NotingStream()
    set.sendMessage(set.addStream(stream), { kind: 'begin', host: 'example.com', port: 80, flags: 0 })
    expect(legs[0].pull()).toEqual([])
    expect(legs[1].pull()).toMatchObject([{ command: 1 }])
  })

  it('takes no stream before it is linked', () => {
    const { clock } = start()
    const legs = [new FakeLeg({ clock }), new FakeLeg({ clock })]
    expect(legs[0]?.pull()).toEqual([])
  })
})

describe('a set is not linked, and all legs are closed,', () => {
  it('when LINKED has a nonce that is not ours: another set’s would show that both are one client’s', async () => {
    const run = start()
    run.legs[0].linked(nonceOf(run.legs[0]))
    run.legs[1].linked(Buffer.alloc(32, 9))
    await expectFailure(run, 'protocol-violation')
  })

  it('when LINKED comes twice on a leg', async () => {
    const run = start()
    run.legs[0].linked(nonceOf(run.legs[0]))
    run.legs[0].linked(nonceOf(run.legs[0]))
    await expectFailure(run, 'protocol-violation')
  })

  it.each([{ received: 1n }, { sent: 1n }, { sent: 2n ** 64n - 1n }])(
    'when LINKED speaks of messages that nobody sent (%o)',
    async (numbers) => {
      const run = start()
      run.legs[0].linked(nonceOf(run.legs[0]), numbers)
      await expectFailure(run, 'protocol-violation')
    },
  )

  it('when LINKED wishes for what nobody knows', async () => {
    const run = start()
    run.legs[0].linked(nonceOf(run.legs[0]), { desiredUx: 5 })
    await expectFailure(run, 'malformed')
  })

  it.each([
    ['a SWITCH', (leg: FakeLeg) => leg.switch(1)],
    ['DATA', (leg: FakeLeg) => leg.data(1, [Buffer.of(1)])],
    ['END', (leg: FakeLeg) => leg.message(3, 1, Buffer.of(6))],
  ])('when %s comes before all are linked', async (_what, come) => {
    const run = start()
    run.legs[0].linked(nonceOf(run.legs[0]))
    come(run.legs[0])
    await expectFailure(run, 'protocol-violation')
  })

  it('when a leg ends', async () => {
    const run = start()
    run.legs[0].linked(nonceOf(run.legs[0]))
    run.legs[1].close(new TorError('circuit-failed', 'a relay went away', { retry: 'elsewhere' }))
    await expectFailure(run, 'circuit-failed')
  })

  it('when LINKED does not come in time, and what comes later finds nobody', async () => {
    const run = start()
    run.legs[0].linked(nonceOf(run.legs[0]))
    run.clock.advance(LINK_TIMEOUT_MS)
    await expectFailure(run, 'timeout')
    run.legs[1].linked(nonceOf(run.legs[1]))
    expect(run.legs[1].toExit).toHaveLength(1)
  })

  it('when its owner goes', async () => {
    const controller = new AbortController()
    const run = start(controller.signal)
    controller.abort()
    await expectFailure(run, 'aborted')
  })

  it.each([
    ['only one', ({ clock }: Linking) => [new FakeLeg({ clock })]],
    [
      'to two exits',
      ({ clock }: Linking) => [new FakeLeg({ clock, exit: 1 }), new FakeLeg({ clock, exit: 2 })],
    ],
    [
      'of one hop',
      ({ clock }: Linking) => [new FakeLeg({ clock, hops: 1 }), new FakeLeg({ clock, hops: 1 })],
    ],
    [
      'twice the same',
      ({ clock }: Linking) => {
        const leg = new FakeLeg({ clock })
        return [leg, leg]
      },
    ],
  ])('when the circuits do not fit together: %s', async (_what, make) => {
    const { clock, linking } = start()
    linking.catch(() => {})
    const legs = make({ clock, linking, legs: [new FakeLeg({ clock }), new FakeLeg({ clock })] })
    await expect(ConfluxSet.link<FakeLeg>(legs, confluxDeps(clock))).rejects.toMatchObject({
      kind: 'internal',
    })
    expect(legs.map(({ isOpen }) => isOpen)).toEqual(legs.map(() => false))
  })
})

describe('on a linked set', () => {
  it('LINKED closes it', async () => {
    const { set, legs } = await linkedSet()
    legs[0].linked(nonceOf(legs[0]))
    expect((await set.closed).kind).toBe('protocol-violation')
  })
})
