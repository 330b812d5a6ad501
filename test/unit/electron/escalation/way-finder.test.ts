/** Connect finds its own way: in which order, what never happens, what is remembered, and how it ends. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CoreError } from '../../../../electron/app-error.ts'
import { COOL_DOWN_MS } from '../../../../electron/escalation/run.ts'
import { addressOf, DIRECT_ADDRESS } from '../../../../electron/escalation/planned-way.ts'
import type { HelpReply } from '../../../../electron/host/help-protocol.ts'
import {
  BUILT_IN,
  type Dialled,
  type Fate,
  MEEK,
  NETWORK,
  OBFS4,
  openMemory,
  OWN,
  REQUESTED,
  SNOWFLAKE,
  TRANSPORTS,
  wayRig,
  workedInstead,
} from './way-rig.ts'

const isDirect = (lines: readonly string[] | undefined): boolean => lines === undefined
const has = (lines: readonly string[] | undefined, part: string): boolean =>
  lines?.some((line) => line.includes(part)) ?? false
const onlyBy =
  (part: string) =>
  (lines: readonly string[] | undefined): Fate =>
    has(lines, part) ? 'works' : 'refused'
const linesOf = (dialled: readonly Dialled[]) => dialled.map(({ lines }) => lines)

describe('a connect that finds its own way', () => {
  it('goes directly where that works, and tries nothing else', async () => {
    const rig = await wayRig({ fate: () => 'works' })
    rig.session.start()
    await rig.pass(5)
    expect(rig.connection.view.state).toBe('connected')
    expect(linesOf(rig.dialled)).toEqual([undefined])
    expect(rig.box.view).toMatchObject({ state: 'found', found: undefined, round: 1 })
  })

  it('goes on to what is built in, one way at a time, with a row for each and what comes next', async () => {
    const rig = await wayRig({ fate: onlyBy('snowflake') })
    rig.session.start()
    await rig.until(() => rig.connection.view.state === 'connected')
    expect(linesOf(rig.dialled)).toEqual([undefined, OBFS4, SNOWFLAKE])
    expect(rig.connection.view.attempts).toMatchObject([
      {
        way: { kind: 'direct' },
        outcome: 'failed',
        reason: { kind: 'channel-failed' },
        next: 'next-way',
        nextWay: { kind: 'bridges', transports: ['obfs4'], count: 2, source: 'built-in' },
      },
      {
        way: { transports: ['obfs4'], source: 'built-in' },
        outcome: 'failed',
        next: 'next-way',
        nextWay: { transports: ['snowflake'] },
      },
      { way: { transports: ['snowflake'], source: 'built-in' }, outcome: 'connected', next: 'none' },
    ])
    expect(rig.box.view).toMatchObject({
      state: 'found',
      found: { transports: ['snowflake'], source: 'built-in', state: 'works' },
    })
  })

  it('goes on to the bridges of who connects directly, each with its own time and row', async () => {
    const rig = await wayRig({ fate: (lines) => (lines?.includes(OWN) ? 'works' : 'silent'), own: [OWN] })
    rig.session.start()
    await rig.until(() => rig.connection.view.state === 'connected', 60)
    expect(linesOf(rig.dialled)).toEqual([undefined, [OWN]])
    expect(rig.connection.view.attempts).toMatchObject([
      { way: { kind: 'direct' }, outcome: 'stalled', nextWay: { kind: 'bridges', count: 1 } },
      { way: { kind: 'bridges', transports: ['vanilla'], count: 1 }, outcome: 'connected' },
    ])
  })

  it('gives each way its own time, also where two look the same', async () => {
    const rig = await wayRig({
      fate: (lines) => (has(lines, '192.0.2.32') ? 'works' : 'silent'),
      settings: { country: 'ru' },
      builtIn: {},
      help: async () => ({
        kind: 'settings',
        country: 'ru',
        settings: [REQUESTED, REQUESTED.replace('.30:', '.31:'), REQUESTED.replace('.30:', '.32:')].map(
          (line) => ({
            transport: 'webtunnel',
            source: 'bridgedb',
            lines: [line.replace('/path', `/${line.slice(10, 22)}`)],
          }),
        ),
      }),
    })
    rig.session.start()
    await rig.until(() => rig.connection.view.state === 'connected', 250)
    const starts = rig.dialled.map(({ atMs }) => atMs)
    expect(starts).toHaveLength(4)
    for (const at of [2, 3]) expect((starts[at] ?? 0) - (starts[at - 1] ?? 0)).toBeGreaterThan(50_000)
  })

  it('waits for those that say nothing as long as the watchdog does, and then goes on', async () => {
    const rig = await wayRig({ fate: (lines) => (has(lines, 'obfs4') ? 'works' : 'silent') })
    rig.session.start()
    await rig.pass(28)
    expect(linesOf(rig.dialled)).toEqual([undefined])
    await rig.until(() => rig.connection.view.state === 'connected', 10)
    expect(rig.connection.view.attempts[0]).toMatchObject({ outcome: 'stalled', next: 'next-way' })
  })

  it.each(['silent', 'refused'] as const)(
    'does not give a way up that moves, however long it takes, where others are %s',
    async (others) => {
      const rig = await wayRig({ fate: (lines) => (isDirect(lines) ? 'works' : others) })
      rig.session.start()
      await rig.pass(1)
      expect(linesOf(rig.dialled)).toEqual([undefined])
    },
  )

  it.each<[Fate, string]>([
    ['no-network', 'waiting-for-network'],
    ['wrong-clock', 'waiting-for-clock'],
  ])('stands still at %s, which is nobody’s blocking, and goes on when it is over', async (fate, state) => {
    const rig = await wayRig({ fate: () => fate })
    rig.session.start()
    await rig.pass(300)
    expect(linesOf(rig.dialled)).toEqual([undefined])
    expect(rig.box.view?.state).toBe(state)
    rig.box.fate = onlyBy('obfs4')
    await rig.until(() => rig.connection.view.state === 'connected')
    expect(linesOf(rig.dialled)).toEqual([undefined, OBFS4])
  })

  it('rests after all of them, dials nothing meanwhile, and begins a new round later and later', async () => {
    const rig = await wayRig({ fate: () => 'refused', builtIn: { obfs4: OBFS4 } })
    rig.session.start()
    await rig.until(() => rig.box.view?.state === 'resting')
    expect(rig.box.config?.bridgeLines).toEqual([])
    expect(rig.connection.view).toMatchObject({ state: 'blocked' })
    expect(rig.connection.view.attempts.at(-1)).toMatchObject({ outcome: 'failed', next: 'next-round' })
    await rig.until(() => rig.box.view?.round === 4)
    const starts = rig.dialled.filter(({ lines }) => isDirect(lines)).map(({ atMs }) => atMs)
    const gaps = starts.slice(1).map((atMs, at) => atMs - (starts[at] ?? 0))
    expect(gaps[1]).toBeGreaterThan((gaps[0] ?? 0) + 50_000)
    expect(gaps[2]).toBeGreaterThan((gaps[1] ?? 0) + 100_000)
  })

  it('ends when it is stopped, and nothing begins by itself after it', async () => {
    const rig = await wayRig({ fate: () => 'refused' })
    rig.session.start()
    await rig.pass(15)
    await rig.session.stop()
    const count = rig.dialled.length
    await rig.pass(600)
    expect(rig.dialled).toHaveLength(count)
    expect(rig.box.view).toMatchObject({ state: 'off', ways: [] })
    expect(rig.connection.view.state).toBe('off')
  })

  it('leaves addresses alone that have just failed, also for somebody who stops and starts again', async () => {
    const rig = await wayRig({ fate: () => 'refused' })
    rig.session.start()
    await rig.until(() => has(rig.dialled.at(-1)?.lines, 'snowflake'))
    const failedMs = rig.clock.monotonicMs()
    await rig.session.stop()
    rig.session.start()
    await rig.pass(1)
    expect(rig.box.view?.ways).toMatchObject([
      { kind: 'direct', state: 'running' },
      { transports: ['obfs4'], state: 'cooling', nextMs: 1_790_000_000_000 + failedMs + COOL_DOWN_MS },
      { transports: ['snowflake'], state: 'waiting' },
      { transports: ['meek'] },
    ])
    await rig.until(() => has(rig.dialled.at(-1)?.lines, 'obfs4'))
    expect(rig.clock.monotonicMs() - failedMs).toBeGreaterThanOrEqual(COOL_DOWN_MS)
    const order = linesOf(rig.dialled)
    expect(order).toEqual([undefined, OBFS4, SNOWFLAKE, undefined, SNOWFLAKE, MEEK, OBFS4])
  })

  it('is at no way where the core does not start, says why, and begins again at the person’s word', async () => {
    const rig = await wayRig({
      fate: onlyBy('snowflake'),
      settings: { entry: 'hide', useBridges: true },
    })
    rig.box.refusal = new CoreError({ kind: 'damaged-rules', detail: 'the file is damaged' })
    rig.session.start()
    await rig.pass(5)
    expect(rig.connection.view.state).toBe('failed')
    expect(rig.connection.view.attempts.at(-1)?.reason?.kind).toBe('damaged-rules')
    expect(rig.box.view).toMatchObject({ state: 'off', ways: [] })
    rig.box.refusal = undefined
    rig.session.start()
    await rig.until(() => rig.connection.view.state === 'connected')
    expect(linesOf(rig.dialled)).toEqual([SNOWFLAKE])
  })

  it('does what the settings say and nothing else when it is not to find its own way', async () => {
    const rig = await wayRig({ fate: () => 'refused', settings: { findsOwnWay: false } })
    rig.session.start()
    await rig.pass(600)
    expect(linesOf(rig.dialled)).toEqual([undefined])
    expect(rig.box.view?.state).toBe('off')
  })

  it('skips to the next way when the person does not want to wait', async () => {
    const rig = await wayRig({ fate: (lines) => (has(lines, 'obfs4') ? 'works' : 'silent') })
    rig.session.start()
    await rig.pass(2)
    await rig.finder.skip()
    await rig.pass(3)
    expect(rig.connection.view.state).toBe('connected')
    expect(rig.connection.view.attempts[0]).toMatchObject({ outcome: 'cancelled', next: 'next-way' })
  })
})

describe('the country', () => {
  it('orders the ways by the map that comes with the app', async () => {
    const rig = await wayRig({ fate: onlyBy('meek'), settings: { country: 'cn' } })
    rig.session.start()
    await rig.until(() => rig.connection.view.state === 'connected')
    expect(linesOf(rig.dialled)).toEqual([undefined, SNOWFLAKE, OBFS4, MEEK])
    expect(rig.connection.view.attempts[1]?.way).toMatchObject({ source: 'map' })
  })
})

describe('the bridge service', () => {
  const answer = (lines: readonly string[]): HelpReply => ({
    kind: 'settings',
    country: 'cn',
    settings: [{ transport: 'webtunnel', source: 'bridgedb', lines }],
  })

  it('is asked after the map, while nothing is dialled, and its bridges come next', async () => {
    const asked: unknown[] = []
    const rig = await wayRig({
      fate: onlyBy('webtunnel'),
      settings: { country: 'cn' },
      help: async ({ country, transports }) => {
        asked.push({ country, transports, dials: rig.box.config?.bridgeLines })
        return answer([REQUESTED])
      },
    })
    rig.session.start()
    await rig.until(() => rig.connection.view.state === 'connected')
    expect(linesOf(rig.dialled)).toEqual([undefined, SNOWFLAKE, [REQUESTED]])
    const transports = ['vanilla', 'obfs4', 'webtunnel', 'snowflake', 'meek']
    expect(asked).toEqual([{ country: 'cn', transports, dials: [] }])
    expect(rig.connection.view.attempts[1]).toMatchObject({ next: 'asking-help' })
    expect(rig.connection.view.attempts[2]?.way).toMatchObject({ source: 'help' })
  })

  it('that cannot be reached is a state of its own, and the plan goes on without it', async () => {
    const rig = await wayRig({
      fate: onlyBy('meek'),
      settings: { country: 'cn' },
      help: () => Promise.reject(new CoreError({ kind: 'channel-failed', detail: 'no front answers' })),
    })
    rig.session.start()
    await rig.until(() => rig.connection.view.state === 'connected')
    expect(linesOf(rig.dialled)).toEqual([undefined, SNOWFLAKE, OBFS4, MEEK])
    expect(rig.box.view?.help).toMatchObject({
      state: 'unreachable',
      reason: { kind: 'help-unreachable' },
      tries: [{ path: 'front', outcome: 'failed', reason: { kind: 'channel-failed' } }],
    })
  })

  it('is asked last where the map says nothing of bridges on request: what needs nobody comes first', async () => {
    const rig = await wayRig({ fate: onlyBy('webtunnel'), help: async () => answer([REQUESTED]) })
    rig.session.start()
    await rig.until(() => rig.connection.view.state === 'connected')
    expect(linesOf(rig.dialled)).toEqual([undefined, OBFS4, SNOWFLAKE, MEEK, [REQUESTED]])
  })

  it('is not asked for somebody who hides, who has not said so', async () => {
    let asked = 0
    const rig = await wayRig({
      fate: () => 'refused',
      settings: { entry: 'hide', useBridges: true },
      help: async () => {
        asked += 1
        return answer([REQUESTED])
      },
    })
    rig.session.start()
    await rig.pass(900)
    expect(asked).toBe(0)
    await rig.finder.ask('cn')
    expect(asked).toBe(1)
  })
})

describe('somebody who hides that they use Tor', () => {
  const hide = { entry: 'hide', useBridges: true } as const

  it('gets through by their own bridge, and by what looks like the web, and never by what is on a list', async () => {
    const rig = await wayRig({ fate: onlyBy('meek'), settings: hide, own: [OWN] })
    rig.session.start()
    await rig.until(() => rig.connection.view.state === 'connected')
    expect(linesOf(rig.dialled)).toEqual([[OWN], SNOWFLAKE, MEEK])
  })

  it('goes by a listed bridge only when they have chosen it themselves', async () => {
    const rig = await wayRig({ fate: onlyBy('snowflake'), settings: hide, own: OBFS4 })
    rig.session.start()
    await rig.until(() => rig.connection.view.state === 'connected')
    expect(linesOf(rig.dialled)).toEqual([OBFS4, SNOWFLAKE])
  })

  it('is not led to one that was remembered from before', async () => {
    const memory = await openMemory()
    await memory.note(NETWORK, workedInstead(OBFS4))
    const rig = await wayRig({ fate: onlyBy('snowflake'), settings: hide, memory })
    rig.session.start()
    await rig.until(() => rig.connection.view.state === 'connected')
    expect(linesOf(rig.dialled)).toEqual([SNOWFLAKE])
  })

  it('dials nothing at all where there is nothing for them', async () => {
    const rig = await wayRig({ fate: () => 'works', settings: hide, builtIn: { obfs4: OBFS4 } })
    rig.session.start()
    await rig.pass(300)
    expect(rig.dialled).toEqual([])
    expect(rig.connection.view).toMatchObject({ state: 'failed' })
    expect(rig.connection.view.attempts.at(-1)?.reason?.kind).toBe('no-bridges')
  })

  it('may choose so while the app asks the bridge service by itself, which ends at once', async () => {
    let asked = 0
    const rig = await wayRig({
      fate: () => 'refused',
      settings: { country: 'cn' },
      help: () => {
        asked += 1
        return new Promise(() => undefined)
      },
    })
    rig.session.start()
    await rig.until(() => rig.help.view.state === 'asking')
    rig.box.settings = { ...rig.box.settings, ...hide }
    rig.session.onChange()
    await rig.pass(900)
    expect(rig.help.view).toMatchObject({ state: 'never-asked', tries: [{ outcome: 'failed' }] })
    expect(asked).toBe(1)
  })

  it('has a question that they have asked themselves answered, whatever else they change', async () => {
    const rig = await wayRig({ fate: () => 'refused', help: () => new Promise(() => undefined) })
    rig.session.start()
    void rig.finder.ask('cn')
    rig.box.settings = { ...rig.box.settings, ...hide }
    rig.session.onChange()
    await rig.pass(60)
    expect(rig.help.view.state).toBe('asking')
  })

  it('may choose so in the middle of a direct attempt, which ends at once', async () => {
    const rig = await wayRig({ fate: () => 'silent' })
    rig.session.start()
    await rig.pass(3)
    rig.box.settings = { ...rig.box.settings, ...hide }
    rig.session.onChange()
    expect(rig.box.config?.bridgeLines).toEqual(SNOWFLAKE)
    await rig.pass(900)
    expect(linesOf(rig.dialled).slice(1).some(isDirect)).toBe(false)
  })
})

describe('what worked', () => {
  it('is begun with seconds after a direct try that had failed on the same network', async () => {
    const memory = await openMemory()
    const fate = (lines: readonly string[] | undefined): Fate =>
      has(lines, 'snowflake') ? 'works' : 'silent'
    const first = await wayRig({ fate, memory })
    first.session.start()
    await first.until(() => first.connection.view.state === 'connected')
    expect(memory.workedOn(NETWORK)).toMatchObject({ lines: SNOWFLAKE, hasDirectFailed: true })
    const second = await wayRig({ fate, memory })
    second.session.start()
    await second.pass(2)
    expect(second.box.view?.ways[0]).toMatchObject({ kind: 'direct', isBrief: true, state: 'running' })
    await second.until(() => second.connection.view.state === 'connected', 10)
    expect(linesOf(second.dialled)).toEqual([undefined, SNOWFLAKE])
    expect(second.box.view?.found).toMatchObject({ source: 'remembered' })
    expect(second.connection.view.attempts).toMatchObject([
      {
        way: { kind: 'direct' },
        outcome: 'stalled',
        reason: { kind: 'brief-silence' },
        next: 'next-way',
        nextWay: { transports: ['snowflake'], source: 'remembered' },
      },
      { way: { transports: ['snowflake'] }, outcome: 'connected' },
    ])
  })

  it('is begun at once after a direct try that is refused', async () => {
    const memory = await openMemory()
    await memory.note(NETWORK, workedInstead(SNOWFLAKE))
    const rig = await wayRig({ fate: onlyBy('snowflake'), memory })
    rig.session.start()
    await rig.until(() => rig.connection.view.state === 'connected', 4)
    expect(linesOf(rig.dialled)).toEqual([undefined, SNOWFLAKE])
    expect(rig.connection.view.attempts[0]?.reason?.kind).toBe('channel-failed')
  })

  it('is not used on a network that has opened, which is noticed with the next start', async () => {
    const memory = await openMemory()
    await memory.note(NETWORK, workedInstead(SNOWFLAKE))
    const rig = await wayRig({ fate: () => 'works', memory })
    rig.session.start()
    await rig.pass(5)
    expect(linesOf(rig.dialled)).toEqual([undefined])
    expect(rig.connection.view.state).toBe('connected')
    expect(memory.workedOn(NETWORK)).toMatchObject({ lines: undefined, hasDirectFailed: false })
  })

  it.each([
    ['loads', 80, 1],
    ['cut-off', 8, 2],
  ] as const)(
    'is %s: a direct try that a relay has answered is left after a failure, and not for slowness',
    async (fate, seconds, count) => {
      const memory = await openMemory()
      await memory.note(NETWORK, workedInstead(SNOWFLAKE))
      const rig = await wayRig({ fate: (lines) => (isDirect(lines) ? fate : 'works'), memory })
      rig.session.start()
      await rig.pass(seconds)
      expect(rig.dialled).toHaveLength(count)
    },
  )

  it.each([
    ['the direct way had not failed', { ...workedInstead(SNOWFLAKE), hasDirectFailed: false }],
    ['that was more than a month ago', workedInstead(SNOWFLAKE, 31 * 24 * 3_600_000)],
  ])('does not make a direct try brief where %s', async (_, worked) => {
    const memory = await openMemory()
    await memory.note(NETWORK, worked)
    const rig = await wayRig({ fate: (lines) => (isDirect(lines) ? 'silent' : 'works'), memory })
    rig.session.start()
    await rig.pass(28)
    expect(linesOf(rig.dialled)).toEqual([undefined])
    await rig.until(() => rig.connection.view.state === 'connected', 10)
    expect(linesOf(rig.dialled)).toEqual([undefined, SNOWFLAKE])
  })

  it('by bridges of one’s own says nothing of the direct way, and forgets nothing of it', async () => {
    const memory = await openMemory()
    const own = { memory, settings: { useBridges: true }, own: [OWN], fate: (): Fate => 'works' }
    const first = await wayRig(own)
    first.session.start()
    await first.pass(5)
    expect(memory.workedOn(NETWORK)).toMatchObject({ lines: [OWN], hasDirectFailed: false })
    await memory.note(NETWORK, workedInstead(SNOWFLAKE))
    const second = await wayRig(own)
    second.session.start()
    await second.pass(5)
    expect(memory.workedOn(NETWORK)).toMatchObject({ lines: [OWN], hasDirectFailed: true })
  })

  it('instead of a direct way that the person went past does not make the next direct try brief', async () => {
    const rig = await wayRig({ fate: (lines) => (has(lines, 'obfs4') ? 'works' : 'silent') })
    rig.session.start()
    await rig.pass(2)
    await rig.finder.skip()
    await rig.pass(3)
    expect(rig.memory.workedOn(NETWORK)).toMatchObject({ lines: OBFS4, hasDirectFailed: false })
  })

  it('says nothing of another network', async () => {
    const memory = await openMemory()
    await memory.note('e'.repeat(32), workedInstead(SNOWFLAKE))
    const rig = await wayRig({ fate: () => 'works', memory })
    rig.session.start()
    await rig.pass(3)
    expect(linesOf(rig.dialled)).toEqual([undefined])
  })

  it('stays connected where the settings come to mean the same bridges: a core at rest says nothing again', async () => {
    const memory = await openMemory()
    await memory.note(NETWORK, workedInstead([OWN]))
    const rig = await wayRig({
      fate: (lines) => (lines?.includes(OWN) ? 'works' : 'refused'),
      own: [OWN],
      memory,
    })
    rig.session.start()
    await rig.until(() => rig.connection.view.state === 'connected')
    expect(rig.box.view?.found).toMatchObject({ source: 'remembered' })
    rig.box.settings = { ...rig.box.settings, useBridges: true }
    rig.session.onChange()
    expect(rig.connection.view.state).toBe('connected')
    expect(rig.connection.view.attempts.at(-1)).toMatchObject({ way: { count: 1 }, outcome: 'connected' })
    await rig.pass(300)
    expect(rig.connection.view.state).toBe('connected')
    expect(rig.box.view).toMatchObject({ state: 'found', found: undefined })
    expect(linesOf(rig.dialled)).toEqual([undefined, [OWN]])
  })

  it('can be undone: it is forgotten, and the settings’ own way is tried at once', async () => {
    const rig = await wayRig({ fate: onlyBy('snowflake') })
    rig.session.start()
    await rig.until(() => rig.connection.view.state === 'connected')
    rig.box.fate = () => 'works'
    await rig.finder.undo()
    await rig.pass(5)
    expect(linesOf(rig.dialled)).toEqual([undefined, OBFS4, SNOWFLAKE, undefined])
    expect(rig.memory.workedOn('f'.repeat(32))?.lines).toBeUndefined()
    expect(rig.connection.view.state).toBe('connected')
  })

  it('and does no more is given up for the next way, after its own time', async () => {
    const rig = await wayRig({ fate: onlyBy('obfs4') })
    rig.session.start()
    await rig.until(() => rig.connection.view.state === 'connected')
    rig.box.fate = onlyBy('snowflake')
    await rig.until(() => has(rig.dialled.at(-1)?.lines, 'snowflake'))
    await rig.pass(5)
    expect(rig.connection.view.state).toBe('connected')
  })
})

/** What a day with a censor may bring: who is let through when, and what the person does. */
const day = fc.record({
  isRefused: fc.boolean(),
  hides: fc.boolean(),
  usesBridges: fc.boolean(),
  own: fc.subarray([OWN, ...OBFS4]),
  country: fc.constantFrom(null, 'cn', 'ru', 'by'),
  events: fc.array(
    fc.oneof(
      fc.record({ kind: fc.constant('pass' as const), seconds: fc.integer({ min: 1, max: 200 }) }),
      fc.record({
        kind: fc.constant('fate' as const),
        fates: fc.array(fc.constantFrom<Fate>('works', 'refused', 'silent', 'no-network', 'wrong-clock'), {
          minLength: 4,
          maxLength: 4,
        }),
      }),
      fc.constantFrom(
        { kind: 'skip' as const },
        { kind: 'stop' as const },
        { kind: 'start' as const },
        { kind: 'undo' as const },
      ),
    ),
    { maxLength: 12 },
  ),
})

function fateBy(fates: readonly Fate[]): (lines: readonly string[] | undefined) => Fate {
  const kinds = ['obfs4', 'snowflake', 'meek']
  return (lines) => fates[kinds.findIndex((kind) => has(lines, kind)) + 1] ?? 'silent'
}

describe('whatever a censor and a person do', () => {
  it('nobody who hides is shown, and no address is dialled again before it has cooled down', async () => {
    await fc.assert(
      fc.asyncProperty(day, async ({ isRefused, hides, usesBridges, own, country, events }) => {
        const settings = hides
          ? { entry: 'hide' as const, useBridges: true, country }
          : { useBridges: usesBridges, country }
        const rig = await wayRig({
          fate: () => (isRefused ? 'refused' : 'silent'),
          settings,
          own,
          builtIn: BUILT_IN,
        })
        rig.session.start()
        for (const event of events) {
          if (event.kind === 'pass') await rig.pass(event.seconds)
          else if (event.kind === 'fate') rig.box.fate = fateBy(event.fates)
          else if (event.kind === 'skip') await rig.finder.skip().catch(() => undefined)
          else if (event.kind === 'undo') await rig.finder.undo().catch(() => undefined)
          else if (event.kind === 'stop') await rig.session.stop()
          else rig.session.start()
        }
        await rig.session.stop()
        if (hides || usesBridges) expect(linesOf(rig.dialled).some(isDirect)).toBe(false)
        expectCooled(rig.dialled, rig.connection.view.attempts)
      }),
      { numRuns: 40 },
    )
  }, 60_000)
})

/** After a failure, that is: what was only cancelled or worked may be dialled again. */
function expectCooled(
  dialled: readonly Dialled[],
  attempts: readonly { outcome: string; startedMs: number; endedMs: number | undefined }[],
): void {
  const failedAt = attempts.filter(({ outcome }) => outcome === 'failed' || outcome === 'stalled')
  for (const { lines, atMs } of dialled) {
    for (const line of lines ?? []) {
      const address = addressOf(line, TRANSPORTS)
      expect(address).not.toBe(DIRECT_ADDRESS)
      const before = dialled.filter(
        (other) => other.atMs < atMs && other.lines?.some((text) => addressOf(text, TRANSPORTS) === address),
      )
      for (const earlier of before) {
        const startWallMs = 1_790_000_000_000 + earlier.atMs
        const failure = failedAt.find(({ startedMs }) => Math.abs(startedMs - startWallMs) <= 1_000)
        if (failure?.endedMs === undefined) continue
        expect(1_790_000_000_000 + atMs - failure.endedMs).toBeGreaterThanOrEqual(COOL_DOWN_MS - 1_000)
      }
    }
  }
}
