import { describe, expect, test } from 'vitest'
import { systemRandom } from '../../../../core/crypto/system-random.ts'
import { BurstShaper } from '../../../../core/transport/obfs4/burst-shaper.ts'
import { FrameDecoder, FrameEncoder } from '../../../../core/transport/obfs4/frames.ts'
import { LengthDistribution } from '../../../../core/transport/obfs4/length-distribution.ts'
import type { IatMode } from '../../../../core/transport/obfs4/obfs4-arguments.ts'
import { seededRandom } from '../../../support/seeded-random.ts'

const KEYS = Buffer.alloc(72, 7)
const SEED = Buffer.alloc(24, 9)
const { values } = new LengthDistribution(SEED, 1448)
/** Where there was no room for a frame of padding. */
const OVER = values.map((value) => (value + 21) % 1448)

function shaperWith(iatMode: IatMode, seed = SEED): BurstShaper {
  const shaper = new BurstShaper(new FrameEncoder(KEYS), iatMode, seededRandom(3))
  shaper.useSeed(seed)
  return shaper
}

function takeAll(shaper: BurstShaper): Buffer[] {
  const taken: Buffer[] = []
  for (let next = shaper.take(); next !== undefined; next = shaper.take()) taken.push(next)
  return taken
}

describe.each<IatMode>([0, 1, 2])('in mode %i', (iatMode) => {
  test('what is sent is what was given, in frames', () => {
    const shaper = shaperWith(iatMode)
    const reader = new FrameDecoder(KEYS, { onSeed: () => {} }, systemRandom)
    for (const length of [1, 514, 1427, 1428, 30_000]) {
      const data = Buffer.alloc(length, length)
      shaper.add(data)
      expect(reader.decode(Buffer.concat(takeAll(shaper))).equals(data)).toBe(true)
    }
  })
})

test('in modes 0 and 1 a burst ends with a length that the bridge gives its traffic', () => {
  for (const iatMode of [0, 1] as const) {
    const shaper = shaperWith(iatMode)
    for (let length = 1; length < 3000; length += 13) {
      shaper.add(Buffer.alloc(length))
      const pieces = takeAll(shaper)
      const sum = pieces.reduce((total, { length: bytes }) => total + bytes, 0)
      expect([...values.map((value) => value % 1448), ...OVER]).toContain(sum % 1448)
      expect(pieces.length).toBe(iatMode === 0 ? 1 : Math.ceil(sum / 1448))
    }
  }
})

test('in mode 2 every piece has such a length, and data of the same length is cut in many ways', () => {
  const shaper = shaperWith(2)
  const ways = new Set<string>()
  for (let turn = 0; turn < 60; turn++) {
    shaper.add(Buffer.alloc(1000))
    const lengths = takeAll(shaper).map(({ length }) => length)
    for (const length of lengths) expect(values).toContain(length)
    ways.add(lengths.join())
  }
  expect(ways.size).toBeGreaterThan(10)
})

test('there are pauses of up to ten milliseconds in modes 1 and 2, and none in mode 0', () => {
  expect(shaperWith(0).drawPauseMs()).toBe(0)
  for (const iatMode of [1, 2] as const) {
    const shaper = shaperWith(iatMode)
    const pauses = Array.from({ length: 200 }, () => shaper.drawPauseMs())
    expect(Math.max(...pauses)).toBeLessThanOrEqual(10)
    expect(new Set(pauses).size).toBeGreaterThan(1)
  }
})

test('a bridge whose only length is zero cannot keep us from writing', () => {
  const seed = Buffer.alloc(24)
  // Found by search: one seed of some 150,000 is like it.
  seed.writeUInt32LE(1346)
  expect(new LengthDistribution(seed, 1448).values).toEqual([0])
  const shaper = shaperWith(2, seed)
  shaper.add(Buffer.alloc(3000))
  expect(takeAll(shaper).map(({ length }) => length)).toEqual([1448, 1448, 1448])
})

test('in mode 2 a burst ends also where no padding makes its rest one of the lengths', () => {
  // Found by fuzzing: of this bridge's one length, 59 bytes, six are missing each time, and a frame of padding has 21.
  const shaper = shaperWith(2, Buffer.from('0602ebc10000000000000000000000000000000000000711', 'hex'))
  shaper.add(Buffer.alloc(500))
  let pieces = 0
  while (pieces < 10_000 && shaper.take() !== undefined) pieces++
  expect(pieces).toBeLessThan(1_000)
})
