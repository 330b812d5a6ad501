import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { systemRandom } from '../../../../core/crypto/system-random.ts'
import { FrameDecoder, FrameEncoder } from '../../../../core/transport/obfs4/frames.ts'
import { framesWith } from '../../../support/obfs4-server.ts'
import { seededRandom } from '../../../support/seeded-random.ts'
import captured from '../../../vectors/obfs4_handshake.json' with { type: 'json' }

const { vector } = captured
const OKM = Buffer.from(vector.okm144, 'hex')
const TO_BRIDGE = OKM.subarray(0, 72)
const FROM_BRIDGE = OKM.subarray(72)
const NO_SEEDS = { onSeed: () => {} }

/** One frame at a time, with no bounds but the encoder's own. */
class Sender {
  readonly encoder = new FrameEncoder(FROM_BRIDGE)
  frame(payload: Uint8Array, padding = 0): Buffer {
    const frame = Buffer.alloc(2000)
    return frame.subarray(0, this.encoder.encode(payload, padding, frame, 0))
  }
}

function decoder(seeds: Buffer[] = []): FrameDecoder {
  return new FrameDecoder(FROM_BRIDGE, { onSeed: (seed) => seeds.push(seed) }, systemRandom)
}

describe('the captured connection', () => {
  test("what a client sent to obfs4proxy is what we would send, and is read by obfs4's other end", () => {
    const encoder = new FrameEncoder(TO_BRIDGE)
    const reader = new FrameDecoder(TO_BRIDGE, NO_SEEDS, systemRandom)
    for (const { payload, frame } of vector.client_frames) {
      const bytes = Buffer.from(payload, 'hex')
      const expected = Buffer.from(frame, 'hex')
      const ours = Buffer.alloc(expected.length)
      encoder.encode(bytes, expected.length - bytes.length - 21, ours, 0)
      expect(ours.toString('hex')).toBe(frame)
      expect(reader.decode(expected).equals(bytes)).toBe(true)
    }
  })

  test("obfs4proxy's first frame is its seed", () => {
    const seeds: Buffer[] = []
    expect(decoder(seeds).decode(Buffer.from(vector.first_frames_from_server, 'hex'))).toHaveLength(0)
    expect(seeds.map((seed) => seed.toString('hex'))).toEqual([vector.prng_seed])
  })
})

test('payloads come out as they went in, however the bytes between are cut', () => {
  const payloads = fc.array(fc.tuple(fc.uint8Array({ maxLength: 1300 }), fc.nat(100)), { maxLength: 8 })
  const cuts = fc.array(fc.integer({ min: 1, max: 1500 }), { minLength: 1, maxLength: 40 })
  fc.assert(
    fc.property(payloads, cuts, (sent, sizes) => {
      const sender = new Sender()
      const wire = Buffer.concat(sent.map(([payload, padding]) => sender.frame(payload, padding)))
      const reader = decoder()
      const read: Buffer[] = []
      for (let at = 0, turn = 0; at < wire.length; turn++) {
        const size = sizes[turn % sizes.length] ?? 1
        read.push(reader.decode(wire.subarray(at, at + size)))
        at += size
      }
      expect(reader.isInFrame).toBe(false)
      expect(Buffer.concat(read).equals(Buffer.concat(sent.map(([payload]) => payload)))).toBe(true)
    }),
    { numRuns: 60 },
  )
})

test('a frame with any bit changed ends the connection, sooner or later', () => {
  const frame = new Sender().frame(Buffer.from('payload'))
  for (let bit = 0; bit < frame.length * 8; bit++) {
    const changed = Buffer.from(frame)
    changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
    const reader = decoder()
    expect(() => {
      for (let byte = 0; byte < 3000; byte += 100) {
        const next = byte === 0 ? changed : Buffer.alloc(100)
        expect(reader.decode(next)).toHaveLength(0)
      }
    }).toThrow(expect.objectContaining({ kind: 'protocol-violation' }))
  }
})

test('a length that no frame has is not answered at once, but after some bytes more', () => {
  const complaints = new Set<number>()
  for (let run = 0; run < 20; run++) {
    const mask = new FrameDecoder(FROM_BRIDGE, NO_SEEDS, seededRandom(run))
    const first = new Sender().frame(Buffer.alloc(0)).subarray(0, 2)
    first.writeUInt16BE(first.readUInt16BE(0) ^ 19 ^ 0xffff, 0)
    expect(mask.decode(first)).toHaveLength(0)
    for (let bytes = 1; ; bytes++) {
      try {
        mask.decode(Buffer.alloc(1))
      } catch {
        complaints.add(bytes)
        break
      }
      expect(bytes).toBeLessThanOrEqual(1446)
    }
  }
  expect(Math.min(...complaints)).toBeGreaterThanOrEqual(16)
  expect(complaints.size).toBeGreaterThan(10)
})

describe('a genuine frame', () => {
  test.each([
    ['that is empty', Buffer.alloc(0)],
    ['without a whole header', Buffer.of(0, 0)],
    ['whose packet says one byte more than it has', Buffer.of(0, 0, 3, 1, 2)],
    ['whose packet says the most that can be said', Buffer.of(0, 255, 255, 1)],
  ])('%s is refused', (_, packet) => {
    expect(() => decoder().decode(framesWith(FROM_BRIDGE, packet))).toThrow(
      expect.objectContaining({ kind: 'protocol-violation' }),
    )
  })

  test.each([
    ['of a type that is not known', Buffer.of(9, 0, 1, 1)],
    ['with a seed that is too short', Buffer.concat([Buffer.of(1, 0, 23), Buffer.alloc(23)])],
    ['with a seed that is too long', Buffer.concat([Buffer.of(1, 0, 25), Buffer.alloc(25)])],
    ['of padding alone', Buffer.concat([Buffer.of(0, 0, 0), Buffer.alloc(50, 1)])],
  ])('%s is passed over', (_, packet) => {
    const seeds: Buffer[] = []
    expect(decoder(seeds).decode(framesWith(FROM_BRIDGE, packet))).toHaveLength(0)
    expect(seeds).toEqual([])
  })
})

test('noise is never read as payload, and never held beyond a frame', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 3000 }), { maxLength: 6 }), (chunks) => {
      const reader = decoder()
      try {
        for (const chunk of chunks) expect(reader.decode(Buffer.from(chunk))).toHaveLength(0)
      } catch (error) {
        expect(error).toMatchObject({ kind: 'protocol-violation' })
      }
    }),
  )
})

test('an encoder makes no frame that is longer than a segment', () => {
  const sender = new Sender()
  expect(sender.frame(Buffer.alloc(1427))).toHaveLength(1448)
  expect(() => sender.frame(Buffer.alloc(1427), 1)).toThrow(expect.objectContaining({ kind: 'internal' }))
})
