/** A bridge that the person removed or turned off: it may be watched, and is not led to by any way. */
import { describe, expect, it } from 'vitest'
import { bridgeId } from '../../../../electron/bridges/bridges-view.ts'
import type { HelpReply } from '../../../../electron/host/help-protocol.ts'
import {
  type Fate,
  NETWORK,
  OBFS4,
  openMemory,
  OWN,
  REQUESTED,
  type RigOptions,
  SNOWFLAKE,
  wayRig,
  workedInstead,
} from './way-rig.ts'

const OTHER = `192.0.2.10:443 ${'E'.repeat(40)}`
const HIDE = { entry: 'hide', useBridges: true } as const

type Rig = Awaited<ReturnType<typeof wayRig>>
const DROPS: readonly [string, (rig: Rig) => Promise<void>][] = [
  ['removed', (rig) => rig.bridges.remove([bridgeId(OWN)])],
  ['turned off', (rig) => rig.bridges.enable([bridgeId(OWN)], false)],
]

/** Whether it is among what has been dialled from the given one on. */
const leadsTo = (rig: Rig, line: string, from = 0): boolean =>
  rig.dialled.slice(from).some(({ lines }) => lines?.includes(line))

describe.each(DROPS)('a bridge that was %s', (_, drop) => {
  it.each<[string, NonNullable<RigOptions['settings']>]>([
    ['who hides', HIDE],
    ['who uses bridges', { useBridges: true }],
    ['who connects directly', {}],
  ])('is not dialled again because it once worked here, for %s', async (_who, settings) => {
    const memory = await openMemory()
    const first = await wayRig({
      fate: (lines) => (lines?.includes(OWN) ? 'works' : 'silent'),
      settings,
      own: [OWN],
      memory,
    })
    first.session.start()
    await first.until(() => first.connection.view.state === 'connected')
    await first.session.stop()
    expect(memory.workedOn(NETWORK)?.lines).toEqual([OWN])
    await drop(first)
    await first.bridges.add(OTHER)
    first.box.fate = () => 'silent'
    const from = first.dialled.length
    first.session.start()
    await first.pass(900)
    expect(leadsTo(first, OTHER, from)).toBe(true)
    expect(leadsTo(first, OWN, from)).toBe(false)
    expect(memory.workedOn(NETWORK)).toBeUndefined()
  })

  it('is left at once by who is connected through it, and forgotten', async () => {
    const rig = await wayRig({ fate: (lines) => (lines?.includes(OWN) ? 'works' : 'silent'), own: [OWN] })
    rig.session.start()
    await rig.until(() => rig.connection.view.state === 'connected')
    await drop(rig)
    expect(rig.box.config?.bridgeLines).toBeUndefined()
    const from = rig.dialled.length
    await rig.pass(300)
    expect(leadsTo(rig, OWN, from)).toBe(false)
    expect(rig.memory.workedOn(NETWORK)).toBeUndefined()
  })

  it('is no way to come of a plan that is being gone through', async () => {
    const memory = await openMemory()
    await memory.note(NETWORK, workedInstead([OWN, ...SNOWFLAKE]))
    const rig = await wayRig({ fate: () => 'silent', own: [OWN, OTHER], memory })
    rig.session.start()
    await rig.pass(1)
    await drop(rig)
    await rig.pass(900)
    expect(rig.connection.view.attempts[0]?.outcome).not.toBe('cancelled')
    expect(rig.dialled.slice(1, 4).map(({ lines }) => lines)).toEqual([SNOWFLAKE, [OTHER], OBFS4])
    expect(leadsTo(rig, OWN)).toBe(false)
    expect(memory.workedOn(NETWORK)?.lines).toEqual(SNOWFLAKE)
  })
})

describe('a bridge that the bridge service gave, and that was removed while it was in use', () => {
  const help = async (): Promise<HelpReply> => ({
    kind: 'settings',
    country: 'ru',
    settings: [{ transport: 'webtunnel', source: 'bridgedb', lines: [REQUESTED] }],
  })
  const fate: RigOptions['fate'] = (lines) => (lines?.includes(REQUESTED) ? 'works' : 'silent')

  async function removed(): Promise<Rig> {
    const rig = await wayRig({ fate, settings: { country: 'ru' }, builtIn: {}, help })
    rig.session.start()
    await rig.until(() => rig.connection.view.state === 'connected')
    await rig.finder.keep()
    await rig.bridges.remove([bridgeId(REQUESTED)])
    await rig.bridges.add(OTHER)
    return rig
  }

  it('is not dialled again because the answer of the service names it still', async () => {
    const rig = await removed()
    const from = rig.dialled.length
    await rig.pass(900)
    await rig.session.stop()
    rig.box.settings = { ...rig.box.settings, useBridges: false }
    rig.session.start()
    await rig.pass(900)
    expect(leadsTo(rig, OTHER, from)).toBe(true)
    expect(leadsTo(rig, REQUESTED, from)).toBe(false)
  })

  it('is dialled where the person has added it again', async () => {
    const rig = await removed()
    const from = rig.dialled.length
    await rig.bridges.add(REQUESTED)
    await rig.until(() => leadsTo(rig, REQUESTED, from))
    await rig.until(() => rig.connection.view.state === 'connected')
  })
})

describe('a bridge that is turned off', () => {
  it('is not dialled for the country, the bridge service or the list that it stands on', async () => {
    const [first = '', second] = OBFS4
    const fate = (): Fate => 'silent'
    const rig = await wayRig({
      fate,
      own: [REQUESTED],
      settings: { country: 'ru' },
      help: async () => ({
        kind: 'settings',
        country: 'ru',
        settings: [
          { transport: 'webtunnel', source: 'bridgedb', lines: [REQUESTED] },
          { transport: 'obfs4', source: 'builtin', lines: [first] },
        ],
      }),
    })
    await rig.bridges.chooseBuiltIn('obfs4')
    await rig.bridges.enable([bridgeId(REQUESTED), bridgeId(first)], false)
    await rig.bridges.chooseBuiltIn(null)
    rig.session.start()
    await rig.pass(900)
    expect(rig.box.view?.help.state).toBe('answered')
    expect(leadsTo(rig, REQUESTED)).toBe(false)
    expect(leadsTo(rig, first)).toBe(false)
    expect(rig.dialled.some(({ lines }) => lines?.length === 1 && lines[0] === second)).toBe(true)
  })
})
