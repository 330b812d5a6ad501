import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  SMUX_DATA,
  SMUX_END,
  SMUX_KEEP_ALIVE,
  SMUX_OPEN,
  smuxHeader,
  windowFrame,
} from '../../../../core/transport/snowflake/smux-frame.ts'
import { SmuxStream, STREAM_WINDOW_BYTES } from '../../../../core/transport/snowflake/smux-stream.ts'

const ID = 3

interface Rig {
  readonly stream: SmuxStream
  readonly sent: () => Buffer
  readonly data: Buffer[]
  readonly ends: string[]
}

function open(isOpener = true): Rig {
  const [sent, data, ends]: [Buffer[], Buffer[], string[]] = [[], [], []]
  const stream = new SmuxStream(
    {
      send: (bytes) => sent.push(Buffer.from(bytes)),
      onData: (bytes) => data.push(Buffer.from(bytes)),
      onEnd: () => ends.push('end'),
    },
    ID,
    isOpener,
  )
  return { stream, sent: () => Buffer.concat(sent.splice(0)), data, ends }
}

function dataFrame(bytes: Uint8Array, id = ID): Buffer {
  return Buffer.concat([smuxHeader(SMUX_DATA, id, bytes.length), bytes])
}

describe('what is sent', () => {
  test('the frames are those of smux version 2, little-endian', () => {
    const { stream, sent } = open()
    expect(sent().toString('hex')).toBe('0200000003000000')
    stream.write(Buffer.from('hello'))
    expect(sent().toString('hex')).toBe('020205000300000068656c6c6f')
    stream.keepAlive()
    expect(sent().toString('hex')).toBe('0203000000000000')
    stream.onBytes(dataFrame(Buffer.alloc(10)))
    stream.onConsumed(10)
    expect(sent().toString('hex')).toBe('02040800030000000a00000000001000')
    stream.end()
    stream.end()
    expect(sent().toString('hex')).toBe('0201000003000000')
  })

  test('a long write is several frames', () => {
    const { stream, sent } = open()
    sent()
    stream.write(Buffer.alloc(70_000))
    const wire = sent()
    expect([wire.readUInt16LE(2), wire.readUInt16LE(32_768 + 10), wire.length]).toEqual([
      32_768, 32_768, 70_024,
    ])
  })

  test('no more than the other side takes: a quarter of a megabyte until it says, and never over one', () => {
    const { stream } = open()
    expect(stream.windowBytes).toBe(262_144)
    stream.write(Buffer.alloc(262_144))
    expect(stream.windowBytes).toBe(0)
    stream.onBytes(windowFrame(ID, 1_000, STREAM_WINDOW_BYTES))
    expect(stream.windowBytes).toBe(STREAM_WINDOW_BYTES - 261_144)
    stream.onBytes(windowFrame(ID, 262_144, 0xffffffff))
    expect(stream.windowBytes).toBe(STREAM_WINDOW_BYTES)
    stream.onBytes(windowFrame(ID, 262_144, 0))
    expect(stream.windowBytes).toBe(0)
  })

  test('the window is told at the first read, and then each time half of it was taken', () => {
    const { stream, sent } = open()
    sent()
    for (let round = 0; round < 16; round++) {
      stream.onBytes(dataFrame(Buffer.alloc(65_535)))
      stream.onConsumed(65_535)
    }
    const told: number[] = []
    for (let wire = sent(); wire.length > 0; wire = wire.subarray(16)) told.push(wire.readUInt32LE(8))
    expect(told).toEqual([65_535, 655_350])
  })
})

describe('what is received', () => {
  test('data come out as they went in, however the bytes between are cut, without those of other streams', () => {
    const frames = fc.array(fc.tuple(fc.uint8Array({ maxLength: 200 }), fc.boolean()), { maxLength: 10 })
    const sizes = fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 8 })
    fc.assert(
      fc.property(frames, sizes, (sent, cuts) => {
        const { stream, data, ends } = open(false)
        const wire = Buffer.concat([
          smuxHeader(SMUX_OPEN, ID, 0),
          ...sent.flatMap(([bytes, isOurs]) => [
            smuxHeader(SMUX_KEEP_ALIVE, 0, 0),
            dataFrame(bytes, isOurs ? ID : 5),
            windowFrame(7, 99, 99),
          ]),
          smuxHeader(SMUX_END, 5, 0),
          smuxHeader(SMUX_END, ID, 0),
          smuxHeader(SMUX_END, ID, 0),
        ])
        for (let at = 0, turn = 0; at < wire.length; turn++) {
          const size = cuts[turn % cuts.length] ?? 1
          stream.onBytes(wire.subarray(at, at + size))
          at += size
        }
        const ours = Buffer.concat(sent.filter(([, isOurs]) => isOurs).map(([bytes]) => bytes))
        expect(Buffer.concat(data).equals(ours)).toBe(true)
        expect(stream.unreadBytes).toBe(ours.length)
        expect(ends).toEqual(['end'])
      }),
      { numRuns: 60 },
    )
  })

  test.each([
    ['of version 1', '0103000000000000'],
    ['with an unknown command', '0205000000000000'],
    ['with bytes where there are none', '0200010003000000ff'],
    ['with a window of another length', '0204070003000000'],
  ])('a frame %s ends the connection', (_, wire) => {
    expect(() => open().stream.onBytes(Buffer.from(wire, 'hex'))).toThrow('an smux ')
  })

  test('more than the window allows ends the connection, and so it cannot fill our memory', () => {
    const { stream } = open()
    const flood = (): void => {
      for (let round = 0; round < 17; round++) stream.onBytes(dataFrame(Buffer.alloc(65_535)))
    }
    expect(flood).toThrow('more than its window allows')
    expect(stream.unreadBytes).toBeLessThan(STREAM_WINDOW_BYTES + 65_536)
  })

  test('who has consumed more than was sent, or takes it back, ends the connection', () => {
    const { stream } = open()
    stream.write(Buffer.alloc(100))
    stream.onBytes(windowFrame(ID, 100, 1_000))
    expect(() => stream.onBytes(windowFrame(ID, 101, 1_000))).toThrow('consumed more')
    expect(() => stream.onBytes(windowFrame(ID, 99, 1_000))).toThrow('consumed more')
  })

  test('any bytes at all are read or end the connection', () => {
    const start = fc.tuple(fc.integer({ min: 1, max: 2 }), fc.nat(5), fc.nat(9), fc.constant(0), fc.nat(4))
    const frame = fc.tuple(start, fc.uint8Array({ maxLength: 12 }))
    fc.assert(
      fc.property(fc.array(frame, { maxLength: 12 }), (frames) => {
        const { stream } = open()
        try {
          for (const [first, rest] of frames) stream.onBytes(Buffer.from([...first, 0, 0, 0, ...rest]))
        } catch (error) {
          expect(error).toMatchObject({ kind: 'protocol-violation' })
        }
      }),
      { numRuns: 200 },
    )
  })

  test('the counters of both sides run over four gigabytes', () => {
    // What is sent is of no interest, and would be copied.
    const stream = new SmuxStream({ send: () => {}, onData: () => {}, onEnd: () => {} }, ID)
    const block = Buffer.alloc(STREAM_WINDOW_BYTES)
    for (let mebibytes = 1; mebibytes <= 4_098; mebibytes++) {
      stream.onBytes(windowFrame(ID, ((mebibytes - 1) * STREAM_WINDOW_BYTES) >>> 0, STREAM_WINDOW_BYTES))
      if (stream.windowBytes !== STREAM_WINDOW_BYTES) throw new Error(`after ${mebibytes} MiB`)
      stream.write(block)
    }
    expect(stream.windowBytes).toBe(0)
  })

  test('a window frame is of the stream that it names', () => {
    const { stream } = open()
    stream.onBytes(windowFrame(ID + 2, 0, 5))
    expect(stream.windowBytes).toBe(262_144)
  })
})
