/** Properties of the order over two legs: what a correct sender sends arrives as it was sent, and a liar does not get far. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { FakeLeg } from '../../support/fake-leg.ts'
import { type LinkedSet, linkedSet, NotingStream } from '../../support/linked-set.ts'

const END = 3
const CONNECTED = 4
const XON = 44
const CELL_BYTES = 509
const RUNS = { numRuns: 150 }

interface Sent {
  readonly leg: 0 | 1
  readonly stream: number
  readonly kind: 'data' | 'xon'
}

const sent: fc.Arbitrary<Sent> = fc.record({
  leg: fc.constantFrom(0, 1),
  stream: fc.nat(2),
  kind: fc.constantFrom('data', 'data', 'data', 'xon'),
})

type OnLeg = { readonly kind: 'switch'; readonly relative: number } | (Sent & { readonly index: number })

/** What a correct sender puts on each leg: a SWITCH wherever the leg is another than before. */
function spread(messages: readonly Sent[]): [OnLeg[], OnLeg[]] {
  const legs: [OnLeg[], OnLeg[]] = [[], []]
  const last = [0, 0]
  let current = messages[0]?.leg ?? 0
  for (const [index, message] of messages.entries()) {
    const { leg } = message
    if (leg !== current) {
      legs[leg].push({ kind: 'switch', relative: index - (last[leg] ?? 0) })
      current = leg
    }
    legs[leg].push({ ...message, index })
    last[leg] = index + 1
  }
  return legs
}

interface Streams {
  readonly order: string[]
  readonly ids: readonly number[]
}

function openStreams({ set }: LinkedSet): Streams {
  const order: string[] = []
  const ids = [0, 1, 2].map((number) => {
    const stream = new NotingStream()
    stream.onGot = () => {
      const got = stream.got.at(-1) ?? ''
      const letters = got === 'xon' ? ['x'] : got.split(',').filter((part) => part !== '')
      for (const letter of letters) order.push(`${number}:${letter}`)
    }
    return set.addStream(stream)
  })
  return { order, ids }
}

/** Hands over the next messages of a leg: DATA for one stream in a row comes in one piece, as a circuit brings it. */
function come(leg: FakeLeg, queue: OnLeg[], ids: readonly number[], most: number): void {
  const next = queue.shift()
  if (next === undefined) return
  if (next.kind === 'switch') {
    leg.switch(next.relative)
    return
  }
  const id = ids[next.stream] ?? 0
  if (next.kind === 'xon') {
    leg.message(XON, id, Buffer.alloc(5))
    return
  }
  const payloads = [Buffer.from(`${next.index},`)]
  for (let more = queue[0]; payloads.length < most; more = queue[0]) {
    if (more === undefined || more.kind !== 'data' || more.stream !== next.stream) break
    payloads.push(Buffer.from(`${more.index},`))
    queue.shift()
  }
  leg.data(id, payloads)
}

describe('any interleaving of two legs', () => {
  it('of what a correct sender sent is delivered in the order of sending, whole, and leaves nothing behind', async () => {
    const plan = fc.tuple(
      fc.array(sent, { minLength: 1, maxLength: 60 }),
      fc.infiniteStream(
        fc.record({ leg: fc.constantFrom(0 as const, 1 as const), most: fc.integer({ min: 1, max: 5 }) }),
      ),
    )
    await fc.assert(
      fc.asyncProperty(plan, async ([messages, turns]) => {
        const made = await linkedSet()
        const { order, ids } = openStreams(made)
        const legs = spread(messages)
        while (legs[0].length + legs[1].length > 0) {
          const turn = turns.next()
          if (turn.done === true) break
          const { leg, most } = turn.value
          come(made.legs[leg], legs[leg], ids, most)
        }
        const wanted = messages.map(({ stream, kind }, index) => `${stream}:${kind === 'xon' ? 'x' : index}`)
        expect(made.set.closeError).toBeUndefined()
        expect(order).toEqual(wanted)
        expect(made.set.queuedBytes).toBe(0)
        made.set.close()
      }),
      RUNS,
    )
  })
})

type Lie =
  | { readonly kind: 'switch'; readonly leg: 0 | 1; readonly relative: number }
  | { readonly kind: 'data'; readonly leg: 0 | 1; readonly count: number }
  | { readonly kind: 'message'; readonly leg: 0 | 1 }

const lie: fc.Arbitrary<Lie> = fc.oneof(
  fc.record({
    kind: fc.constant('switch' as const),
    leg: fc.constantFrom(0 as const, 1 as const),
    relative: fc.oneof(fc.integer({ min: 0, max: 30 }), fc.integer({ min: 0, max: 0xffff_ffff })),
  }),
  fc.record({
    kind: fc.constant('data' as const),
    leg: fc.constantFrom(0 as const, 1 as const),
    count: fc.integer({ min: 1, max: 40 }),
  }),
  fc.record({ kind: fc.constant('message' as const), leg: fc.constantFrom(0 as const, 1 as const) }),
)

describe('a sender that lies about numbers', () => {
  const params = { mostQueuedBytes: 100 * CELL_BYTES }

  it('is cut off, or has all it sent delivered in an order, and never makes us keep more than the limit', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(lie, { maxLength: 80 }), async (lies) => {
        const made = await linkedSet({ params })
        const { order, ids } = openStreams(made)
        let came = 0
        for (const said of lies) {
          const leg = made.legs[said.leg]
          if (said.kind === 'switch') leg.switch(said.relative)
          else if (said.kind === 'message') leg.message(XON, ids[0] ?? 0, Buffer.alloc(5))
          else leg.data(ids[1] ?? 0, Array(said.count).fill(Buffer.from('d,')))
          if (!made.set.isOpen) break
          came += said.kind === 'switch' ? 0 : said.kind === 'data' ? said.count : 1
          expect(made.set.queuedBytes).toBeLessThanOrEqual(params.mostQueuedBytes)
          expect(order.length + made.set.queuedBytes / CELL_BYTES).toBe(came)
        }
        const { closeError } = made.set
        if (closeError !== undefined) {
          expect(['protocol-violation', 'limit']).toContain(closeError.kind)
          expect(made.legs.map(({ isOpen }) => isOpen)).toEqual([false, false])
          expect(made.set.queuedBytes).toBe(0)
        }
        made.set.close()
      }),
      RUNS,
    )
  })

  it.each([
    ['DATA', (leg: FakeLeg, id: number) => leg.data(id, [Buffer.of(1)])],
    ['messages', (leg: FakeLeg, id: number) => leg.message(XON, id, Buffer.alloc(5))],
  ])('and sends %s without end behind a gap is cut off at the limit', async (_what, more) => {
    const made = await linkedSet({ params })
    const { ids } = openStreams(made)
    made.legs[1].switch(7)
    let count = 0
    while (made.set.isOpen && count < 1000) {
      more(made.legs[1], ids[0] ?? 0)
      count++
    }
    expect(count).toBe(101)
    expect(made.set.closeError).toMatchObject({ kind: 'limit', retry: 'elsewhere' })
  })

  it('and leaves a gap on both legs is cut off at once', async () => {
    const made = await linkedSet({ params })
    const { ids } = openStreams(made)
    made.legs[0].switch(3)
    made.legs[0].message(CONNECTED, ids[0] ?? 0)
    expect(made.set.isOpen).toBe(true)
    made.legs[1].switch(2)
    expect(made.set.closeError?.kind).toBe('protocol-violation')
  })

  it('and gives a number twice is cut off when it is that number’s turn', async () => {
    const made = await linkedSet({ params })
    const { ids } = openStreams(made)
    made.legs[1].switch(2)
    made.legs[1].message(END, ids[0] ?? 0, Buffer.of(6))
    made.legs[0].data(ids[1] ?? 0, [Buffer.of(1), Buffer.of(2), Buffer.of(3)])
    expect(made.set.closeError?.kind).toBe('protocol-violation')
  })
})
