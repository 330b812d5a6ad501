import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Kcp } from '../../../../core/transport/snowflake/kcp.ts'
import {
  KCP_ACK,
  KCP_DATA,
  KCP_WINDOW_ASK,
  KCP_WINDOW_TELL,
  type KcpHeader,
  readKcpSegments,
  writeKcpHeader,
} from '../../../../core/transport/snowflake/kcp-segment.ts'
import { randomFraction } from '../../../../core/util/random.ts'
import { seededRandom } from '../../../support/seeded-random.ts'

const CONVERSATION = 0xfedcba98

interface LinkFaults {
  readonly loss: number
  readonly repetition: number
  /** Up to so much is added to a packet's way, so that it may overtake others. */
  readonly jitterMs: number
  /** Cut short, of another conversation, or of bytes that mean nothing. */
  readonly damage: number
}

const NO_FAULTS: LinkFaults = { loss: 0, repetition: 0, jitterMs: 0, damage: 0 }
const DELAY_MS = 40

/** Two ends, and between them a link that can be told to misbehave; time passes only here. */
class SimulatedLink {
  readonly received: [Buffer[], Buffer[]] = [[], []]
  readonly ends: readonly [Kcp, Kcp]
  packets = 0
  nowMs = 0
  isCut = false
  readonly #faults: LinkFaults
  readonly #fraction: () => number
  #onWay: { readonly atMs: number; readonly to: 0 | 1; readonly packet: Buffer }[] = []

  constructor(faults: LinkFaults, seed: number) {
    const random = seededRandom(seed)
    this.#fraction = () => randomFraction(random)
    this.#faults = faults
    this.ends = [this.#end(0), this.#end(1)]
  }

  #end(index: 0 | 1): Kcp {
    return new Kcp({
      conversation: CONVERSATION,
      nowMs: () => this.nowMs,
      hasRoom: () => true,
      onPacket: (packet) => this.#carry(Buffer.from(packet), index === 0 ? 1 : 0),
      onData: (bytes) => this.received[index].push(Buffer.from(bytes)),
    })
  }

  #carry(packet: Buffer, to: 0 | 1): void {
    this.packets++
    if (this.isCut || this.#fraction() < this.#faults.loss) return
    const copies = this.#fraction() < this.#faults.repetition ? 2 : 1
    for (let copy = 0; copy < copies; copy++) {
      const atMs = this.nowMs + DELAY_MS + this.#fraction() * this.#faults.jitterMs
      const isDamaged = this.#fraction() < this.#faults.damage
      this.#onWay.push({ atMs, to, packet: isDamaged ? this.#damaged(packet) : packet })
    }
  }

  #damaged(packet: Buffer): Buffer {
    const kind = Math.floor(this.#fraction() * 3)
    if (kind === 0) return packet.subarray(0, Math.floor(this.#fraction() * packet.length))
    const other = Buffer.from(packet)
    if (kind === 1) other.writeUInt32LE(CONVERSATION + 1, 0)
    else other.writeUInt8(85 + Math.floor(this.#fraction() * 171), 4)
    return other
  }

  /** Lets time pass until nothing is to be done, or for as long as may be. */
  run(limitMs = 600_000): void {
    const endMs = this.nowMs + limitMs
    for (;;) {
      const wakes = this.ends.map((end) => end.flush()).filter((time) => time !== undefined)
      const nextMs = Math.min(...wakes, ...this.#onWay.map(({ atMs }) => atMs))
      if (!Number.isFinite(nextMs) || nextMs > endMs) return
      this.nowMs = Math.max(this.nowMs, nextMs)
      const due = this.#onWay.filter(({ atMs }) => atMs <= this.nowMs).sort((a, b) => a.atMs - b.atMs)
      this.#onWay = this.#onWay.filter(({ atMs }) => atMs > this.nowMs)
      for (const { to, packet } of due) this.ends[to].onPacket(packet)
    }
  }

  /** Writes all of `bytes` as there is room, and lets time pass. */
  send(from: 0 | 1, bytes: Buffer, pieceBytes: number): void {
    for (let at = 0; at < bytes.length; at += pieceBytes) {
      while (!this.ends[from].hasRoom) this.run(100)
      this.ends[from].write(bytes.subarray(at, at + pieceBytes))
    }
    this.run()
  }

  textAt(end: 0 | 1): Buffer {
    return Buffer.concat(this.received[end])
  }
}

function someBytes(length: number, seed = 1): Buffer {
  return seededRandom(seed).fill(Buffer.alloc(length))
}

function segment(
  header: Partial<KcpHeader>,
  data: Buffer = Buffer.alloc(0),
  conversation = CONVERSATION,
): Buffer {
  const packet = Buffer.alloc(24)
  const whole = { command: KCP_DATA, window: 65_535, sentMs: 0, number: 0, unacknowledged: 0, ...header }
  writeKcpHeader(packet, 0, conversation, whole, data.length)
  return Buffer.concat([packet, data])
}

/** One end alone, and what it sends. */
function loneEnd(): {
  kcp: Kcp
  sent: KcpHeader[]
  data: Buffer[]
  clock: { nowMs: number; hasRoom: boolean }
} {
  const sent: KcpHeader[] = []
  const data: Buffer[] = []
  const clock = { nowMs: 0, hasRoom: true }
  const kcp = new Kcp({
    conversation: CONVERSATION,
    nowMs: () => clock.nowMs,
    hasRoom: () => clock.hasRoom,
    onPacket: (packet) => {
      for (const { data: _, ...header } of readKcpSegments(Buffer.from(packet), CONVERSATION))
        sent.push(header)
    },
    onData: (bytes) => data.push(Buffer.from(bytes)),
  })
  return { kcp, sent, data, clock }
}

describe('on a link between two ends', () => {
  test('what is written at each end arrives whole at the other, without a packet too many', () => {
    const link = new SimulatedLink(NO_FAULTS, 1)
    const bytes = someBytes(300_000)
    link.ends[1].write(bytes.subarray(0, 5_000))
    link.send(0, bytes, 7_000)
    expect(link.textAt(1).equals(bytes)).toBe(true)
    expect(link.textAt(0).equals(bytes.subarray(0, 5_000))).toBe(true)
    const needed = Math.ceil(bytes.length / 1_376)
    expect(link.packets).toBeLessThan(needed * 1.5)
    expect(link.ends.every((end) => end.isIdle && end.isHeard)).toBe(true)
  })

  test('loss, repetition, reordering and damage change nothing of what arrives', () => {
    const faults = fc.record({
      loss: fc.double({ min: 0, max: 0.4, noNaN: true }),
      repetition: fc.double({ min: 0, max: 0.3, noNaN: true }),
      jitterMs: fc.nat(200),
      damage: fc.double({ min: 0, max: 0.2, noNaN: true }),
    })
    fc.assert(
      fc.property(
        faults,
        fc.nat(),
        fc.integer({ min: 1, max: 60_000 }),
        fc.integer({ min: 1, max: 9_000 }),
        (link, seed, length, piece) => {
          const simulated = new SimulatedLink(link, seed)
          const [there, back] = [someBytes(length, seed), someBytes(Math.ceil(length / 3), seed + 1)]
          simulated.ends[1].write(back)
          simulated.send(0, there, piece)
          expect(simulated.textAt(1).equals(there)).toBe(true)
          expect(simulated.textAt(0).equals(back)).toBe(true)
        },
      ),
      { numRuns: 40 },
    )
  })

  test('what was in flight when the way was lost is sent again at once on the next one', () => {
    const link = new SimulatedLink(NO_FAULTS, 1)
    const bytes = someBytes(800_000)
    link.isCut = true
    link.ends[0].write(bytes)
    link.run(60_000)
    expect(link.textAt(1)).toHaveLength(0)
    link.isCut = false
    const startMs = link.nowMs
    for (const end of link.ends) end.onPathLost()
    link.run(1_000)
    expect(link.textAt(1).equals(bytes)).toBe(true)
    expect(link.nowMs - startMs).toBeLessThanOrEqual(1_000)
  })

  test('while nothing is acknowledged, less and less is sent again', () => {
    const link = new SimulatedLink(NO_FAULTS, 1)
    link.isCut = true
    link.ends[0].write(someBytes(900_000))
    link.run(20_000)
    const first = link.packets
    link.run(20_000)
    expect(link.packets - first).toBeLessThan(2 * 64 + 1)
  })

  test('one lost packet is sent again when those after it are acknowledged, before any time-out', () => {
    const { kcp, sent, clock } = loneEnd()
    for (let number = 0; number < 5; number++) {
      kcp.write(someBytes(1_376))
      kcp.flush()
    }
    clock.nowMs = 50
    for (const number of [1, 2, 3]) kcp.onPacket(segment({ command: KCP_ACK, number, sentMs: 0 }))
    kcp.flush()
    expect(sent.map(({ number }) => number)).toEqual([0, 1, 2, 3, 4, 0])
  })
})

describe('the window', () => {
  test('one that is closed is asked for, less and less often, and sending goes on when it opens', () => {
    const { kcp, sent, clock } = loneEnd()
    kcp.onPacket(segment({ command: KCP_WINDOW_TELL, window: 0 }))
    kcp.write(someBytes(10))
    const asked: number[] = []
    for (let wakeMs = kcp.flush(); wakeMs !== undefined && wakeMs < 10_000; wakeMs = kcp.flush()) {
      clock.nowMs = wakeMs
      const before = sent.length
      kcp.flush()
      if (sent.length > before) asked.push(clock.nowMs)
    }
    expect(sent.every(({ command }) => command === KCP_WINDOW_ASK)).toBe(true)
    expect(asked).toEqual([500, 1_250, 2_375, 4_062.5, 6_593.75])
    kcp.onPacket(segment({ command: KCP_WINDOW_TELL, window: 5 }))
    kcp.flush()
    expect(sent.at(-1)).toMatchObject({ command: KCP_DATA, number: 0 })
  })

  test('who asks for ours is told it', () => {
    const { kcp, sent } = loneEnd()
    kcp.onPacket(segment({ command: KCP_WINDOW_ASK }))
    kcp.flush()
    expect(sent).toMatchObject([{ command: KCP_WINDOW_TELL, window: 65_535 }])
  })

  test('before the other side has told one, and beyond the one that it has told, nothing is sent', () => {
    const { kcp, sent } = loneEnd()
    kcp.write(someBytes(60 * 1_376))
    kcp.flush()
    expect(sent).toHaveLength(32)
    kcp.onPacket(segment({ command: KCP_WINDOW_TELL, window: 40, unacknowledged: 0 }))
    kcp.flush()
    expect(sent).toHaveLength(40)
  })
})

describe('acknowledgements', () => {
  test('wait ten milliseconds for company, and name only what is not covered', () => {
    const { kcp, sent, data, clock } = loneEnd()
    for (const number of [0, 1, 5]) kcp.onPacket(segment({ number, sentMs: 7 + number }, Buffer.of(number)))
    expect(kcp.flush()).toBe(10)
    expect(sent).toEqual([])
    clock.nowMs = 10
    expect(kcp.flush()).toBeUndefined()
    expect(sent).toEqual([{ command: KCP_ACK, number: 5, sentMs: 12, unacknowledged: 2, window: 65_535 }])
    expect(Buffer.concat(data)).toEqual(Buffer.of(0, 1))
  })

  test('those for repeated segments are given again, because the first may be lost', () => {
    const { kcp, sent, clock } = loneEnd()
    for (let round = 0; round < 2; round++) {
      kcp.onPacket(segment({ number: 0 }, Buffer.of(1)))
      clock.nowMs += 10
      kcp.flush()
    }
    expect(sent.map(({ number, unacknowledged }) => [number, unacknowledged])).toEqual([
      [0, 1],
      [0, 1],
    ])
  })

  test('of what was never sent they mean nothing', () => {
    const { kcp, sent } = loneEnd()
    kcp.write(someBytes(100))
    kcp.flush()
    kcp.onPacket(segment({ command: KCP_ACK, number: 77, unacknowledged: 500, sentMs: 0xffffffff }))
    expect(kcp.isIdle).toBe(false)
    expect(kcp.isHeard).toBe(false)
    expect(kcp.waitingSinceMs).toBe(0)
    kcp.onPacket(segment({ command: KCP_ACK, number: 0, unacknowledged: 1 }))
    expect(kcp.isIdle).toBe(true)
    expect(sent).toHaveLength(1)
  })

  test('nothing goes out while the data channel is full', () => {
    const { kcp, sent, clock } = loneEnd()
    clock.hasRoom = false
    kcp.write(someBytes(100))
    kcp.onPacket(segment({ number: 0 }, Buffer.of(1)))
    clock.nowMs = 5_000
    kcp.flush()
    expect(sent).toEqual([])
    clock.hasRoom = true
    kcp.flush()
    expect(sent.map(({ command }) => command)).toEqual([KCP_ACK, KCP_DATA])
  })
})

describe('a hostile other side', () => {
  test('cannot make us keep more than a few megabytes, whatever it sends out of order', () => {
    const { kcp, data } = loneEnd()
    const bytes = someBytes(1_376)
    for (let number = 1; number < 60_000; number += 2) {
      kcp.onPacket(segment({ number }, number % 3 === 0 ? bytes : Buffer.alloc(0)))
    }
    expect(kcp.kept.heldBytes).toBeLessThanOrEqual(2 * 2 ** 20)
    expect(kcp.kept.acknowledgements).toBeLessThanOrEqual(1_024)
    expect(data).toEqual([])
  })

  test('that acknowledges nothing lets no more wait than a thousand segments, however small', () => {
    const { kcp } = loneEnd()
    kcp.onPacket(segment({ command: KCP_WINDOW_TELL }))
    while (kcp.hasRoom) {
      kcp.write(Buffer.of(1))
      kcp.flush()
    }
    expect(kcp.kept.segments).toBe(1_024)
    const flood = (): void => {
      for (let round = 0; round < 100; round++) {
        kcp.write(someBytes(1_376))
        kcp.flush()
      }
    }
    expect(flood).toThrow('more waits to be sent through a Snowflake')
  })

  test('can send any bytes at all, and nothing is thrown', () => {
    const start = fc.record({
      command: fc.integer({ min: 80, max: 86 }),
      window: fc.nat(65_535),
      sentMs: fc.nat(0xffffffff),
      number: fc.oneof(fc.nat(20), fc.nat(0xffffffff)),
      unacknowledged: fc.oneof(fc.nat(20), fc.nat(0xffffffff)),
    })
    const packet = fc
      .tuple(start, fc.uint8Array({ maxLength: 60 }))
      .map(([header, rest]) => segment(header, Buffer.from(rest)))
    const anything = fc.oneof(
      packet,
      fc.uint8Array({ maxLength: 80 }).map((bytes) => Buffer.from(bytes)),
    )
    fc.assert(
      fc.property(fc.array(anything, { maxLength: 40 }), (packets) => {
        const { kcp, clock } = loneEnd()
        for (const bytes of packets) {
          kcp.write(Buffer.of(1, 2, 3))
          kcp.onPacket(bytes)
          clock.nowMs += 300
          kcp.flush()
        }
        expect(kcp.kept.segments).toBeLessThanOrEqual(packets.length)
      }),
      { numRuns: 200 },
    )
  })
})
