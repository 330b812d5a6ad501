/** What a stream counts to its tunnel's account: exactly what it keeps, in whatever order things happen. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { CircuitStream } from '../../../core/circuit/circuit-stream.ts'
import { SendmeRandomness } from '../../../core/circuit/sendme-randomness.ts'
import type { Tunnel } from '../../../core/circuit/tunnel.ts'
import { DataStream } from '../../../core/stream/data-stream.ts'
import { TorError } from '../../../core/util/errors.ts'
import { QueueMemory } from '../../../core/util/queue-memory.ts'
import { silentLogger } from '../../../core/util/log.ts'
import { STREAM_DEPS, TestSink } from '../../network/client-side.ts'
import { manualClock } from '../../support/manual-clock.ts'

const BEGIN_DIR = { kind: 'begin-dir' } as const
const CONNECTED = { kind: 'connected', address: undefined, ttlSeconds: undefined } as const
const END_DONE = { kind: 'end', reason: 6, address: undefined, ttlSeconds: undefined } as const
const BLOCK_BYTES = 65_536

/** A tunnel whose other end is the test. */
async function openOnFakeTunnel(limitBytes = Number.POSITIVE_INFINITY) {
  const turns: (() => void)[] = []
  const clock = { ...manualClock(), atTurnEnd: (work: () => void) => void turns.push(work) }
  const memory = new QueueMemory({ clock, log: silentLogger, limitBytes })
  let onTunnel: CircuitStream | undefined
  let closeError: TorError | undefined
  const close = (error = new TorError('closed', 'over')): void => {
    if (closeError !== undefined) return
    closeError = error
    onTunnel?.onCircuitClosed(error)
  }
  const tunnel: Tunnel = {
    id: 1,
    isOpen: true,
    closeError: undefined,
    closed: new Promise(() => {}),
    congestion: undefined,
    streamCount: 1,
    hops: [],
    queues: memory.open({ close }),
    addStream(stream) {
      onTunnel = stream
      return 7
    },
    sendMessage() {},
    requestSend() {},
    endStream() {},
    close,
  }
  const opening = DataStream.open(tunnel, BEGIN_DIR, STREAM_DEPS)
  onTunnel?.onMessage(CONNECTED)
  const stream = await opening
  const turn = (): void => {
    for (const work of turns.splice(0)) work()
  }
  const onData = (bytes: number): void => stream.onData(Buffer.allocUnsafeSlow(bytes), 1)
  const lengths = new SendmeRandomness(STREAM_DEPS.random, 31)
  /** The tunnel has room for so many cells. */
  const pack = (cells: number): number => stream.packCells(Buffer.alloc(cells * 509), 0, cells, lengths)
  return { clock, memory, tunnel, stream, sink: new TestSink(), turn, onData, pack, close }
}

describe('what waits for an application', () => {
  it('counts as long as the application has not taken it, the last that it took included', async () => {
    const { memory, stream, sink, onData } = await openOnFakeTunnel()
    stream.setSink(sink)
    onData(10_000)
    expect(memory.totalBytes).toBe(0)
    sink.isReady = false
    onData(10_000)
    expect(memory.totalBytes).toBe(10_000)
    onData(10_000)
    expect(memory.totalBytes).toBeGreaterThan(20_000)
    stream.resumeReading()
    expect([memory.totalBytes, sink.receivedBytes]).toEqual([10_000, 30_000])
    stream.resumeReading()
    expect(memory.totalBytes).toBe(0)
  })

  it('still counts when the stream and its circuit are over, until it is read', async () => {
    const { memory, stream, sink, onData, close } = await openOnFakeTunnel()
    onData(5_000)
    stream.onMessage(END_DONE)
    close()
    expect(memory.totalBytes).toBeGreaterThan(5_000)
    stream.setSink(sink)
    expect([memory.totalBytes, sink.receivedBytes, await sink.closed]).toEqual([0, 5_000, undefined])
  })

  it('is dropped at the limit, and never passes for all that there was', async () => {
    const { memory, stream, sink, onData, turn } = await openOnFakeTunnel(8_000)
    onData(5_000)
    onData(5_000)
    // The other end is through in good order; the end is not told before what came before it.
    stream.onMessage(END_DONE)
    turn()
    expect(memory.totalBytes).toBe(0)
    stream.setSink(sink)
    expect([sink.receivedBytes, sink.hasEnded, (await sink.closed)?.kind]).toEqual([0, false, 'limit'])
  })

  it('tells since when it waits', async () => {
    const { clock, tunnel, stream, onData, pack } = await openOnFakeTunnel()
    clock.advance(10)
    stream.write(Buffer.alloc(100))
    clock.advance(10)
    onData(100)
    expect(tunnel.queues.oldestMs).toBe(10)
    pack(1)
    expect(tunnel.queues.oldestMs).toBe(20)
    stream.destroy()
    expect(tunnel.queues.oldestMs).toBeUndefined()
  })
})

describe('what waits to be sent', () => {
  it('counts by the blocks that it is kept in, until it has left', async () => {
    const { memory, stream, pack } = await openOnFakeTunnel()
    stream.write(Buffer.alloc(100))
    expect(memory.totalBytes).toBe(BLOCK_BYTES)
    stream.write(Buffer.alloc(100_000))
    expect(memory.totalBytes).toBe(2 * BLOCK_BYTES)
    while (pack(31) > 0);
    expect(memory.totalBytes).toBe(0)
  })
})

describe('a stream’s account', () => {
  const count = fc.integer({ min: 0, max: 40_000 })
  const step = fc.oneof(
    fc.record({ do: fc.constantFrom('receive', 'write', 'pack'), count }),
    fc.record({ do: fc.constantFrom('pause', 'resume', 'setSink'), count }),
    {
      weight: 1,
      arbitrary: fc.record({ do: fc.constantFrom('end', 'theirEnd', 'drop', 'close', 'destroy'), count }),
    },
  )

  it('is at zero when the stream is closed and read, whatever happened in which order', async () => {
    const property = fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
      const { memory, stream, sink, onData, pack, close, tunnel } = await openOnFakeTunnel()
      let isOver = false
      let received = 0
      for (const { do: what, count: amount } of steps) {
        if (what === 'receive' && !isOver && received++ < 400) onData(amount)
        else if (what === 'write') stream.write(Buffer.alloc(amount))
        else if (what === 'pack' && !isOver) pack(amount % 31)
        else if (what === 'pause') sink.isReady = false
        else if (what === 'resume') sink.isReady = true
        else if (what === 'setSink') stream.setSink(sink)
        else if (what === 'end') stream.end()
        else if (what === 'theirEnd' && !isOver) {
          stream.onMessage(END_DONE)
          isOver = true
        } else if (what === 'drop') tunnel.queues.reclaim(new TorError('limit', 'short of memory'))
        else if (what === 'close') close()
        else if (what === 'destroy') stream.destroy()
        if (what === 'drop' || what === 'destroy') expect(memory.totalBytes).toBe(0)
        isOver ||= ['drop', 'close', 'destroy', 'end'].includes(what)
        expect(memory.totalBytes).toBe(tunnel.queues.bytes)
      }
      close()
      sink.isReady = true
      stream.setSink(sink)
      expect(memory.totalBytes).toBe(0)
      await sink.closed
    })
    await fc.assert(property, { numRuns: 150 })
  })
})
