import { describe, expect, it } from 'vitest'
import {
  type ChannelConfig,
  type ChannelSettings,
  channelSettings,
  ChannelUpkeep,
} from '../../../core/channel/channel-upkeep.ts'
import { DEFAULT_NET_PARAMS, NetParams } from '../../../core/netdir/net-params.ts'
import type { Clock } from '../../../core/util/clock.ts'
import { CHANNEL_CONFIG } from '../../network/client-side.ts'
import { type ManualClock, manualClock } from '../../support/manual-clock.ts'
import { seededRandom } from '../../support/seeded-random.ts'

const KEEPALIVE_MS = 300_000
const STALL_MS = 30_000
const HOUR_MS = 3_600_000

interface Channel {
  readonly clock: ManualClock
  readonly upkeep: ChannelUpkeep
  /** When padding was sent, on the monotonic clock. */
  readonly paddedMs: number[]
  readonly negotiated: string[]
  readonly ends: string[]
  countTimers(): number
}

function settings(config: Partial<ChannelConfig> = {}, params: Record<string, number> = {}): ChannelSettings {
  return channelSettings(
    { ...CHANNEL_CONFIG, ...config },
    new NetParams(new Map(Object.entries(params))),
    false,
  )
}

const NO_PADDING = settings({}, { nf_ito_low: 0, nf_ito_high: 0 })

function open(first: ChannelSettings = settings(), seed = 1): Channel {
  const clock = manualClock()
  const paddedMs: number[] = []
  const negotiated: string[] = []
  const ends: string[] = []
  let timers = 0
  const counting: Clock = {
    ...clock,
    setTimer(delayMs, callback) {
      timers++
      return clock.setTimer(delayMs, callback)
    },
  }
  const upkeep: ChannelUpkeep = new ChannelUpkeep({
    clock: counting,
    random: seededRandom(seed),
    settings: first,
    linkVersion: 5,
    sendPadding: () => paddedMs.push(clock.monotonicMs()),
    negotiate: (action) => negotiated.push(action),
    close: (error) => {
      ends.push(`${error.kind}: ${error.message}`)
      upkeep.stop()
    },
  })
  return { clock, upkeep, paddedMs, negotiated, ends, countTimers: () => timers }
}

/** With a circuit, so that it neither ends nor lacks a reason to pad. */
function openInUse(first?: ChannelSettings, seed?: number): Channel {
  const channel = open(first, seed)
  channel.upkeep.noteBusy()
  channel.upkeep.noteUse('circuits')
  return channel
}

describe('padding of a channel in use', () => {
  it('comes 1.5 to 9.5 seconds after the last, for ever', () => {
    const { clock, paddedMs } = openInUse()
    clock.advance(HOUR_MS)
    const gaps = paddedMs.map((atMs, index) => atMs - (paddedMs[index - 1] ?? 0))
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(1500)
    expect(Math.max(...gaps)).toBeLessThanOrEqual(9500)
    expect(paddedMs.length).toBeGreaterThan(450)
    expect(paddedMs.length).toBeLessThan(600)
  })

  it('waits anew after every cell sent or received', () => {
    for (const note of ['noteSent', 'noteReceived'] as const) {
      const { clock, upkeep, paddedMs } = openInUse(settings({ keepaliveMs: 24 * HOUR_MS }))
      for (let count = 0; count < 1000; count++) {
        clock.advance(1400)
        upkeep[note](clock.monotonicMs())
      }
      expect(paddedMs).toEqual([])
      clock.advance(9500)
      expect(paddedMs.length).toBeGreaterThan(0)
    }
  })

  it('is drawn anew after each cell: the wait after traffic is spread as after padding', () => {
    const { clock, upkeep, paddedMs } = openInUse()
    const waits: number[] = []
    for (let count = 0; count < 3000; count++) {
      clock.advance(700)
      upkeep.noteReceived(clock.monotonicMs())
      const lastMs = clock.monotonicMs()
      const before = paddedMs.length
      while (paddedMs.length === before) clock.advance(25)
      waits.push((paddedMs.at(-1) ?? 0) - lastMs)
    }
    const mean = waits.reduce((sum, wait) => sum + wait, 0) / waits.length
    expect(Math.abs(mean - (1500 + (8000 * 2) / 3))).toBeLessThan(150)
    expect(Math.min(...waits)).toBeGreaterThanOrEqual(1500)
  })

  it('costs no timer per cell', () => {
    const channel = openInUse()
    const before = channel.countTimers()
    for (let count = 0; count < 10_000; count++) channel.upkeep.noteSent(channel.clock.monotonicMs())
    expect(channel.countTimers() - before).toBeLessThanOrEqual(1)
  })

  it('does not begin before there is a circuit', () => {
    const { clock, upkeep, paddedMs } = open()
    upkeep.noteBusy()
    clock.advance(60_000)
    expect(paddedMs).toEqual([])
    upkeep.noteUse('circuits')
    clock.advance(9500)
    expect(paddedMs.length).toBeGreaterThan(0)
  })

  it('stops while dormant, keepalive included, and goes on after', () => {
    const { clock, upkeep, paddedMs } = openInUse()
    upkeep.useSettings(channelSettings(CHANNEL_CONFIG, DEFAULT_NET_PARAMS, true))
    clock.advance(HOUR_MS)
    expect(paddedMs).toEqual([])
    upkeep.useSettings(settings())
    clock.advance(9500)
    expect(paddedMs.length).toBeGreaterThan(0)
  })

  it('follows a new consensus on an open channel', () => {
    const { clock, upkeep, paddedMs } = openInUse()
    upkeep.useSettings(NO_PADDING)
    clock.advance(KEEPALIVE_MS - 1)
    expect(paddedMs).toEqual([])
    upkeep.useSettings(settings({}, { nf_ito_low: 100, nf_ito_high: 200 }))
    clock.advance(1000)
    expect(paddedMs.length).toBeGreaterThan(4)
  })

  it('asks the relay to stop once when reduced or off, and to pad again when that changes', () => {
    const channel = openInUse(settings({ reducedConnectionPadding: true }))
    expect(channel.negotiated).toEqual(['stop'])
    channel.upkeep.useSettings(settings({ connectionPadding: 'off' }))
    expect(channel.negotiated).toEqual(['stop'])
    channel.upkeep.useSettings(settings())
    expect(channel.negotiated).toEqual(['stop', 'start'])
    expect(openInUse().negotiated).toEqual([])
  })
})

describe('the keepalive', () => {
  it('is one padding cell after five minutes in which nothing was sent, whatever came', () => {
    const { clock, upkeep, paddedMs } = openInUse(NO_PADDING)
    for (let minute = 0; minute < 4; minute++) {
      clock.advance(60_000)
      upkeep.noteReceived(clock.monotonicMs())
    }
    expect(paddedMs).toEqual([])
    clock.advance(60_000)
    expect(paddedMs).toEqual([KEEPALIVE_MS])
    clock.advance(KEEPALIVE_MS - 1)
    expect(paddedMs.length).toBe(1)
    clock.advance(1)
    expect(paddedMs.length).toBe(2)
  })

  it('is put off by whatever is sent', () => {
    const { clock, upkeep, paddedMs } = openInUse(NO_PADDING)
    clock.advance(KEEPALIVE_MS - 1)
    upkeep.noteSent(clock.monotonicMs())
    clock.advance(KEEPALIVE_MS - 1)
    expect(paddedMs).toEqual([])
  })
})

describe('a channel without circuits', () => {
  it('goes after 180 to 270 seconds, and after half of that with reduced padding', () => {
    for (const [config, lowMs] of [
      [{}, 180_000],
      [{ reducedConnectionPadding: true }, 90_000],
    ] as const) {
      const ends = Array.from({ length: 40 }, (_, seed) => {
        const { clock, ends: said } = open(settings(config), seed)
        while (said.length === 0) clock.advance(500)
        expect(said).toEqual(['closed: the channel was idle'])
        return clock.monotonicMs()
      })
      expect(Math.min(...ends)).toBeGreaterThanOrEqual(lowMs)
      expect(Math.max(...ends)).toBeLessThanOrEqual(lowMs * 1.5 + 500)
      expect(new Set(ends).size).toBeGreaterThan(20)
    }
  })

  it('stays while there is a circuit, and counts anew from its end', () => {
    const { clock, upkeep, ends } = open(NO_PADDING)
    clock.advance(170_000)
    upkeep.noteBusy()
    clock.advance(HOUR_MS)
    upkeep.noteIdle()
    clock.advance(179_999)
    expect(ends).toEqual([])
    clock.advance(90_001)
    expect(ends.length).toBe(1)
  })
})

describe('a relay that goes silent', () => {
  it('is left when it does not answer a CREATE and says nothing at all', () => {
    const { clock, upkeep, ends } = openInUse()
    upkeep.noteAnswerAwaited()
    clock.advance(STALL_MS / 2)
    // Trying again, or our own padding, does not give it more time.
    upkeep.noteAnswerAwaited()
    clock.advance(STALL_MS / 2)
    expect(ends).toEqual(['channel-failed: the relay has gone silent'])
  })

  it('is kept as long as anything comes: a slow answer is no silence', () => {
    const { clock, upkeep, ends } = openInUse()
    for (let count = 0; count < 100; count++) {
      upkeep.noteAnswerAwaited()
      clock.advance(STALL_MS - 1)
      upkeep.noteReceived(clock.monotonicMs())
    }
    clock.advance(HOUR_MS)
    expect(ends).toEqual([])
  })

  it('is kept when nothing is asked of it', () => {
    const { clock, ends } = openInUse()
    clock.advance(HOUR_MS)
    expect(ends).toEqual([])
  })

  it('is not blamed for our own sleep: what it said meanwhile is read first', () => {
    let nowMs = 0
    let due: (() => void) | undefined
    const ends: string[] = []
    const upkeep = new ChannelUpkeep({
      clock: {
        ...manualClock(),
        monotonicMs: () => nowMs,
        setTimer: (_delayMs, callback) => {
          due = callback
          return { cancel: () => {} }
        },
      },
      random: seededRandom(1),
      settings: NO_PADDING,
      linkVersion: 5,
      sendPadding: () => {},
      negotiate: () => {},
      close: (error) => ends.push(error.message),
    })
    upkeep.noteBusy()
    upkeep.noteAnswerAwaited()
    nowMs = HOUR_MS
    due?.()
    expect(ends).toEqual([])
    upkeep.noteReceived(nowMs)
    nowMs += STALL_MS
    due?.()
    expect(ends).toEqual([])
  })
})
