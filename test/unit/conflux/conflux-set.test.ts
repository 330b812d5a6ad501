/** A linked set with streams on it: both ways over two legs, and its end. */
import { describe, expect, it } from 'vitest'
import { TorError } from '../../../core/util/errors.ts'
import { confluxVectors } from '../../support/conflux-vectors.ts'
import { type FakeLeg, switchIn } from '../../support/fake-leg.ts'
import { linkedSet, streamOn } from '../../support/linked-set.ts'

const BEGIN = 1
const DATA = 2
const END = 3
const CONNECTED = 4
const XOFF = 43
const SWITCH = 22
const CELL_BYTES = 509
/** The most cells of a batch. */
const BATCH_CELLS = 124
const DONE = Buffer.of(6)

const text = (value: string): Buffer => Buffer.from(value, 'latin1')
const commands = (cells: readonly { readonly command: number }[]): number[] =>
  cells.map(({ command }) => command)

describe('what comes over two legs', () => {
  it('reaches the stream in the order in which it was sent', async () => {
    const made = await linkedSet()
    const { set, legs } = made
    const stream = streamOn(made)
    legs[0].message(CONNECTED, stream.id)
    legs[1].switch(3)
    legs[1].data(stream.id, [text('c'), text('d')])
    legs[1].message(END, stream.id, DONE)
    expect(stream.got).toEqual(['connected'])
    expect(set.queuedBytes).toBe(3 * CELL_BYTES)
    legs[0].data(stream.id, [text('a'), text('b')])
    expect(stream.got).toEqual(['connected', 'ab', 'cd', 'end'])
    expect(set).toMatchObject({ queuedBytes: 0, streamCount: 0, isOpen: true })
  })

  it('needs no copy when it comes in order', async () => {
    const made = await linkedSet()
    const stream = streamOn(made)
    made.legs[0].message(CONNECTED, stream.id)
    made.legs[0].data(stream.id, [text('a'), text('b')], 100)
    const [chunk] = stream.payloads
    expect(chunk?.toString()).toBe('ab')
    expect(chunk?.buffer.byteLength).toBe(102 * CELL_BYTES)
  })

  it('is the run that C tor’s exit sent, whichever leg was slow', async () => {
    const {
      switches,
      cells_per_leg: perLeg,
      max_ooo: mostQueued,
      delivered,
    } = confluxVectors.run_withheld_sendmes
    const made = await linkedSet()
    const { legs, set } = made
    const stream = streamOn(made)
    // As it came: the second leg's first messages before anything of the first leg's.
    legs[1].switch(switches[0].relative)
    for (let cell = 0; cell < mostQueued; cell++) legs[1].data(stream.id, [text('2')])
    expect(stream.got).toEqual([])
    expect(set.queuedBytes).toBe(mostQueued * CELL_BYTES)
    legs[0].message(CONNECTED, stream.id)
    for (let cell = 0; cell < perLeg[0]; cell++) legs[0].data(stream.id, [text('1')])
    expect(set.queuedBytes).toBe(0)
    for (let cell = mostQueued; cell < perLeg[1]; cell++) legs[1].data(stream.id, [text('2')])
    legs[1].message(END, stream.id, DONE)
    const wanted = [
      'connected',
      ...Array<string>(perLeg[0]).fill('1'),
      ...Array<string>(perLeg[1]).fill('2'),
      'end',
    ]
    expect(stream.got).toEqual(wanted)
    expect(wanted).toHaveLength(delivered)
    expect(set.isOpen).toBe(true)
  })

  it('may begin with a SWITCH that skips nothing, once', async () => {
    const made = await linkedSet()
    const stream = streamOn(made)
    made.legs[1].switch(0)
    made.legs[1].message(CONNECTED, stream.id)
    expect(stream.got).toEqual(['connected'])
    made.legs[0].switch(0)
    expect((await made.set.closed).kind).toBe('protocol-violation')
  })

  it('of a stream that we ended may still come until what was asked later is answered, by its number and not its leg', async () => {
    const made = await linkedSet()
    const { legs, set, clock } = made
    const ended = streamOn(made)
    legs[0].message(CONNECTED, ended.id)
    set.endStream(ended.id, 6)
    clock.advance(600_000)
    const later = streamOn(made)
    legs[1].switch(2)
    legs[1].message(CONNECTED, later.id)
    legs[0].data(ended.id, [text('late')])
    expect([set.isOpen, later.got]).toEqual([true, ['connected']])
    legs[1].data(ended.id, [text('too late')])
    expect((await set.closed).kind).toBe('protocol-violation')
  })
})

describe('what streams send', () => {
  it('takes the fastest leg, without a SWITCH before the first', async () => {
    const made = await linkedSet({ roundTripsMs: [20, 10] })
    const stream = streamOn(made)
    made.set.sendMessage(stream.id, { kind: 'begin', host: 'example.com', port: 80, flags: 0 })
    expect(made.legs[1].asked).toEqual(['control'])
    expect(made.legs[0].asked).toEqual([])
    expect(commands(made.legs[1].pull())).toEqual([BEGIN])
  })

  it('goes on over the other leg when the first is full, with a SWITCH before it', async () => {
    const made = await linkedSet()
    const { legs, set } = made
    const stream = streamOn(made)
    legs[0].windowCells = 5
    stream.cellsToSend = 8
    set.requestSend(stream.id)
    expect(commands(legs[0].pull())).toEqual(Array(5).fill(DATA))
    expect(legs[1].asked).toEqual(['data'])
    const cells = legs[1].pull()
    expect(commands(cells)).toEqual([SWITCH, DATA, DATA, DATA])
    expect(switchIn(cells)).toBe(5)
    legs[0].sendme(10)
    stream.cellsToSend = 1
    set.requestSend(stream.id)
    const back = legs[0].pull()
    expect(commands(back)).toEqual([SWITCH, DATA])
    expect(switchIn(back)).toBe(3)
  })

  it('waits for the fastest leg where the exit wishes for the least latency', async () => {
    const made = await linkedSet({ exitsWish: 1 })
    const { legs, set } = made
    const stream = streamOn(made)
    legs[0].windowCells = 5
    stream.cellsToSend = 8
    set.requestSend(stream.id)
    legs[0].pull()
    legs[1].asked = []
    expect(legs[1].pull()).toEqual([])
    expect(legs[1].asked).toEqual([])
    legs[0].sendme(10)
    expect(commands(legs[0].pull())).toEqual([DATA, DATA, DATA])
  })

  it('other than DATA takes the leg of those before it when no leg has room', async () => {
    const made = await linkedSet()
    const { legs, set } = made
    const stream = streamOn(made)
    legs[0].windowCells = 1
    stream.cellsToSend = 3
    set.requestSend(stream.id)
    legs[0].pull()
    legs[1].windowCells = 0
    legs[0].asked = []
    set.sendMessage(stream.id, { kind: 'xoff' })
    expect(legs[0].asked).toEqual(['control'])
    expect(commands(legs[1].pull())).toEqual([])
    expect(commands(legs[0].pull())).toEqual([XOFF])
  })

  it('leaves a leg whose link takes nothing, and comes back to it when it does', async () => {
    const made = await linkedSet()
    const { legs, set } = made
    const stream = streamOn(made)
    stream.cellsToSend = 3
    legs[0].isLinkFull = true
    legs[1].windowCells = 2
    set.requestSend(stream.id)
    expect(commands(legs[1].pull())).toEqual([DATA, DATA])
    // Nothing else would bring the first leg back: its window is open.
    expect(legs[0].asked).toEqual(['data'])
    legs[0].isLinkFull = false
    expect(commands(legs[0].pull())).toEqual([SWITCH, DATA])
  })

  it('never leaves a SWITCH alone, though only one cell was asked for', async () => {
    const made = await linkedSet()
    const { legs, set } = made
    const stream = streamOn(made)
    legs[0].windowCells = 1
    stream.cellsToSend = 3
    set.requestSend(stream.id)
    legs[0].pull()
    expect(commands(legs[1].pull(1))).toEqual([SWITCH, DATA])
    expect(commands(legs[1].pull(1))).toEqual([DATA])
  })

  it('fills a batch and no more, SWITCH or not', async () => {
    const made = await linkedSet()
    const { legs, set } = made
    const stream = streamOn(made)
    legs[0].windowCells = 1
    stream.cellsToSend = 1000
    set.requestSend(stream.id)
    legs[0].pull()
    expect(legs[1].pull()).toHaveLength(BATCH_CELLS)
    expect(legs[1].pull()).toHaveLength(BATCH_CELLS)
  })

  it('is not given to a leg that is not chosen, which tells the one that is', async () => {
    const made = await linkedSet()
    const { legs, set } = made
    const stream = streamOn(made)
    stream.cellsToSend = 2
    set.requestSend(stream.id)
    legs[0].asked = []
    expect(legs[1].pull()).toEqual([])
    expect(legs[0].asked).toEqual(['data'])
  })

  it('is no BEGIN_DIR (TROVE-2026-008): it closes the set before anything has left', async () => {
    const made = await linkedSet()
    const stream = streamOn(made)
    made.set.sendMessage(stream.id, { kind: 'begin-dir' })
    expect((await made.set.closed).kind).toBe('internal')
    expect(stream.closeError?.kind).toBe('internal')
    expect(made.legs.flatMap((leg) => leg.pull())).toEqual([])
  })
})

describe('a set ends', () => {
  const gone = new TorError('channel-failed', 'the link was lost', { retry: 'elsewhere' })
  const use: readonly (readonly [string, (leg: FakeLeg, streamId: number) => void])[] = [
    ['came on', (leg, streamId) => leg.message(CONNECTED, streamId)],
    ['left by', (leg) => void leg.pull()],
  ]

  it.each(use)(
    'with a leg that a message %s, and its streams are told to try elsewhere',
    async (_what, touch) => {
      const made = await linkedSet()
      const { legs, set } = made
      const stream = streamOn(made)
      set.sendMessage(stream.id, { kind: 'begin', host: 'example.com', port: 80, flags: 0 })
      touch(legs[0], stream.id)
      legs[0].close(gone)
      expect(await set.closed).toBe(gone)
      expect(stream.closeError).toMatchObject({ kind: 'channel-failed', retry: 'elsewhere' })
      expect(legs[1].isOpen).toBe(false)
    },
  )

  it('with any leg while nobody uses it', async () => {
    const { legs, set } = await linkedSet()
    legs[1].close(gone)
    expect(await set.closed).toBe(gone)
    expect(legs[0].isOpen).toBe(false)
  })

  it('not with a leg that neither side ever used, from under open streams', async () => {
    const made = await linkedSet()
    const { legs, set } = made
    const stream = streamOn(made)
    legs[0].message(CONNECTED, stream.id)
    legs[1].close(gone)
    expect(set.isOpen).toBe(true)
    legs[0].data(stream.id, [text('more')])
    expect(stream.got).toEqual(['connected', 'more'])
    stream.cellsToSend = 2
    set.requestSend(stream.id)
    expect(commands(legs[0].pull())).toEqual([DATA, DATA])
    legs[0].close(gone)
    expect(stream.closeError).toBe(gone)
  })

  it('with a leg that takes a missing message with it, though none of its own had come', async () => {
    const made = await linkedSet()
    const { legs, set } = made
    const stream = streamOn(made)
    legs[0].switch(1)
    legs[0].message(CONNECTED, stream.id)
    legs[1].close(gone)
    expect((await set.closed).kind).toBe('protocol-violation')
    expect(set.queuedBytes).toBe(0)
  })

  it('once, with all legs and all streams, however often it is told to (TROVE-2026-014)', async () => {
    const made = await linkedSet()
    const { legs, set } = made
    const stream = streamOn(made)
    set.close(gone)
    set.close()
    legs[0].close()
    expect(await set.closed).toBe(gone)
    expect(legs.map(({ closeError }) => closeError)).toEqual([gone, gone])
    expect(stream.closeError).toBe(gone)
    expect(() => set.addStream(stream)).toThrow(gone)
    set.endStream(stream.id, 6)
    set.requestSend(stream.id)
    expect(legs.flatMap((leg) => leg.pull())).toEqual([])
  })
})

describe('the end of a set or of a leg from within', () => {
  it('while queued messages are passed on stops there (TROVE-2026-016, TROVE-2026-017)', async () => {
    const made = await linkedSet()
    const { legs, set } = made
    const stream = streamOn(made)
    legs[1].switch(2)
    for (const letter of 'cdef') legs[1].data(stream.id, [text(letter)])
    stream.onGot = () => {
      if (stream.got.at(-1) === 'd') set.close()
    }
    legs[0].message(CONNECTED, stream.id)
    legs[0].data(stream.id, [text('b')])
    expect(stream.got).toEqual(['connected', 'b', 'c', 'd'])
    expect(set).toMatchObject({ isOpen: false, queuedBytes: 0 })
  })

  it('by the leg whose message is being passed on is the set’s (TROVE-2026-025)', async () => {
    const made = await linkedSet()
    const { legs, set } = made
    const stream = streamOn(made)
    stream.onGot = () => legs[1].close()
    legs[1].switch(1)
    legs[1].data(stream.id, [text('b')])
    legs[0].message(CONNECTED, stream.id)
    expect(stream.got).toEqual(['connected'])
    expect(set.isOpen).toBe(false)
  })

  it('while a leg is packed leaves nothing behind (TROVE-2026-026)', async () => {
    const made = await linkedSet()
    const { legs, set } = made
    const stream = streamOn(made)
    stream.cellsToSend = 5
    set.requestSend(stream.id)
    stream.packCells = () => {
      set.close()
      return 0
    }
    expect(legs[0].pull()).toEqual([])
    expect(legs[1].pull()).toEqual([])
    expect(stream.closeError?.kind).toBe('closed')
  })
})
