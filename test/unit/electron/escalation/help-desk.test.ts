/** Asking the bridge service: path after path, what is shown of it, and what each end is called. */
import { describe, expect, it } from 'vitest'
import { AppError, CoreError } from '../../../../electron/app-error.ts'
import { HelpDesk, type HelpDeskDeps } from '../../../../electron/escalation/help-desk.ts'
import type { HelpArgument, HelpReply } from '../../../../electron/host/help-protocol.ts'
import type { HelpView } from '../../../../electron/ipc/snapshot-ways.ts'
import { manualClock } from '../../../support/manual-clock.ts'
import { OBFS4, REQUESTED } from './way-rig.ts'

const settings = (...lines: readonly string[]): HelpReply => ({
  kind: 'settings',
  country: 'ru',
  settings: lines.length === 0 ? [] : [{ transport: 'webtunnel', source: 'bridgedb', lines }],
})
const dead = new CoreError({ kind: 'timeout', detail: 'no answer' })

function setUp(
  answer: (argument: HelpArgument) => HelpReply | Promise<HelpReply>,
  change: Partial<HelpDeskDeps> = {},
) {
  const clock = manualClock()
  const asked: HelpArgument[] = []
  const views: HelpView[] = []
  const desk = new HelpDesk({
    clock,
    log: () => undefined,
    publish: (view) => views.push(view),
    paths: () => ['front', 'older-front', 'other-front'],
    askPath: async (argument) => {
      asked.push(argument)
      return answer(argument)
    },
    cancelPath: async () => undefined,
    allowsInternalAddresses: false,
    transports: ['obfs4', 'meek_lite'],
    builtIn: (transport) => (transport === 'obfs4' ? OBFS4 : []),
    ...change,
  })
  return { asked, clock, desk, views }
}

const fail = (error: AppError): never => {
  throw error
}

describe('the bridge service', () => {
  it('is asked by one path after the other until one answers, and each is shown', async () => {
    const { asked, desk, views } = setUp(({ path }) =>
      path === 'other-front' ? settings(REQUESTED) : fail(dead),
    )
    const answer = await desk.ask('ru')
    expect(answer).toEqual({
      country: 'ru',
      settings: [{ transport: 'webtunnel', source: 'requested', lines: [REQUESTED] }],
    })
    expect(asked.map(({ path, country }) => [path, country])).toEqual([
      ['front', 'ru'],
      ['older-front', 'ru'],
      ['other-front', 'ru'],
    ])
    expect(asked[0]?.transports).toEqual(['vanilla', 'obfs4', 'meek'])
    expect(views.map(({ state, tries }) => [state, tries.at(-1)?.path, tries.at(-1)?.outcome])).toEqual([
      ['asking', undefined, undefined],
      ['asking', 'front', 'running'],
      ['asking', 'front', 'failed'],
      ['asking', 'older-front', 'running'],
      ['asking', 'older-front', 'failed'],
      ['asking', 'other-front', 'running'],
      ['asking', 'other-front', 'answered'],
      ['answered', 'other-front', 'answered'],
    ])
    expect(desk.view.tries[0]?.reason).toEqual({ kind: 'timeout', detail: 'no answer' })
  })

  it('that knows of no blocking is asked for what helps anywhere', async () => {
    const { asked, desk } = setUp(({ endpoint }) =>
      endpoint === 'defaults' ? settings(REQUESTED) : settings(),
    )
    expect((await desk.ask('se')).settings).toHaveLength(1)
    expect(asked.map(({ path, endpoint }) => [path, endpoint])).toEqual([
      ['front', 'settings'],
      ['front', 'defaults'],
    ])
  })

  it('that names built-in bridges means ours, or its own lines where it says some', async () => {
    const setting = { transport: 'obfs4', source: 'builtin' } as const
    const reply = { kind: 'settings', country: 'ir', settings: [{ ...setting, lines: [] }] } as const
    const { desk } = setUp(() => reply)
    expect((await desk.ask('ir')).settings).toEqual([
      { transport: 'obfs4', source: 'built-in', lines: OBFS4 },
    ])
    const own = { ...reply, settings: [{ ...setting, lines: [REQUESTED] }] }
    const other = setUp(() => own)
    expect((await other.desk.ask('ir')).settings[0]?.lines).toEqual([REQUESTED])
  })

  it('that cannot be reached says nothing of the country', async () => {
    const { desk } = setUp(() => fail(dead))
    await expect(desk.ask('ru')).rejects.toMatchObject({ kind: 'help-unreachable' })
    expect(desk.view).toMatchObject({ state: 'unreachable', reason: { kind: 'help-unreachable' } })
    expect(desk.view.tries).toHaveLength(3)
  })

  it('that answers with nonsense on every path is said to do so', async () => {
    const { desk } = setUp(() => fail(new CoreError({ kind: 'malformed', detail: 'no JSON' })))
    await expect(desk.ask('ru')).rejects.toMatchObject({ kind: 'help-malformed' })
  })

  it.each([
    ['a router of the own network', '192.168.1.1:80 ' + 'A'.repeat(40)],
    ['that network by IPv6 which has IPv4 in it', '[64:ff9b::c0a8:101]:80 ' + 'A'.repeat(40)],
    ['whoever answers at an address', '203.0.113.7:443'],
    ['whoever answers, under obfs4', OBFS4[0]?.replace(/A{40} /, '') ?? ''],
  ])('cannot have the app dial %s: no line of such an answer is taken', async (_, line) => {
    const { asked, desk } = setUp(() => settings(REQUESTED, line))
    await expect(desk.ask('ru')).rejects.toMatchObject({ kind: 'help-malformed' })
    expect(asked.map(({ path }) => path)).toEqual(['front', 'older-front', 'other-front'])
    expect(desk.view.answer).toBeUndefined()
  })

  it('may name bridges of this computer on a network of one’s own', async () => {
    const own = `127.0.0.1:9001 ${'A'.repeat(40)}`
    const { desk } = setUp(() => settings(own), { allowsInternalAddresses: true })
    expect((await desk.ask('ru')).settings[0]?.lines).toEqual([own])
  })

  it.each([
    [404, 'help-no-transport'],
    [406, 'help-no-country'],
    [400, 'help-refused'],
  ])('that was reached and has nothing (%s) is not asked by another path', async (code, kind) => {
    const { asked, desk } = setUp(() => ({ kind: 'refusal', code, detail: 'sorry' }))
    await expect(desk.ask('ru')).rejects.toMatchObject({ kind })
    expect(asked).toHaveLength(1)
    expect(desk.view).toMatchObject({ state: 'nothing', reason: { kind } })
  })

  it('is asked once at a time, not twice within a moment, and by the app itself seldom', async () => {
    const { clock, desk } = setUp(() => settings(REQUESTED))
    expect(desk.mayAskByItself).toBe(true)
    const asking = desk.ask('ru')
    await expect(desk.ask('ru')).rejects.toMatchObject({ kind: 'help-busy' })
    await asking
    await expect(desk.ask('ru')).rejects.toMatchObject({ kind: 'help-busy' })
    clock.advance(10_000)
    await desk.ask('ru')
    expect(desk.mayAskByItself).toBe(false)
    clock.advance(30 * 60_000)
    expect(desk.mayAskByItself).toBe(true)
  })

  it('is not asked where no path leads there', async () => {
    const { desk } = setUp(() => settings(), { paths: () => [] })
    expect(desk.mayAskByItself).toBe(false)
    await expect(desk.ask('ru')).rejects.toMatchObject({ kind: 'help-not-available' })
  })

  it('is not waited for when the person stops: no other path is tried, and an old answer stays', async () => {
    let reject: (error: AppError) => void = () => undefined
    const { asked, desk } = setUp(() => new Promise((_, fails) => (reject = fails)), {
      cancelPath: async () => reject(new AppError('aborted', 'asking was stopped')),
    })
    const asking = desk.ask('ru')
    await desk.cancel()
    await expect(asking).rejects.toMatchObject({ kind: 'aborted' })
    expect(asked).toHaveLength(1)
    expect(desk.view.state).toBe('never-asked')
  })
})
