/** A way that was found becomes the person's own choice. */
import { describe, expect, it } from 'vitest'
import { OWN, REQUESTED, SNOWFLAKE, wayRig } from './way-rig.ts'

const REQUESTED_TOO = REQUESTED.replace('.30:', '.31:').replace('/path', '/other')

/** Connected directly in vain, and then by two bridges that the bridge service named. */
async function foundByHelp(own: readonly string[]) {
  const rig = await wayRig({
    fate: (lines) => (lines?.includes(REQUESTED) ? 'works' : 'refused'),
    own,
    settings: { country: 'cn' },
    help: async () => ({
      kind: 'settings',
      country: 'cn',
      settings: [{ transport: 'webtunnel', source: 'bridgedb', lines: [REQUESTED, REQUESTED_TOO] }],
    }),
  })
  rig.session.start()
  await rig.until(() => rig.connection.view.state === 'connected')
  return rig
}

describe('a way that worked', () => {
  it('can be kept: it becomes the person’s own choice, and the connection stays', async () => {
    const rig = await wayRig({ fate: (lines) => (lines?.[0] === SNOWFLAKE[0] ? 'works' : 'refused') })
    rig.session.start()
    await rig.until(() => rig.connection.view.state === 'connected')
    const count = rig.dialled.length
    await rig.finder.keep()
    await rig.pass(5)
    expect(rig.box.settings.useBridges).toBe(true)
    expect(rig.bridges.activeLines()).toEqual(SNOWFLAKE)
    expect(rig.dialled).toHaveLength(count)
    expect(rig.connection.view.state).toBe('connected')
    expect(rig.box.view?.found).toBeUndefined()
    await expect(rig.finder.keep()).rejects.toMatchObject({ kind: 'no-other-way' })
  })

  it.each([
    ['beside one of its bridges that the person has added meanwhile', [REQUESTED]],
    ['beside others', [OWN]],
  ])('can be kept %s', async (_, added) => {
    const rig = await foundByHelp([])
    await rig.bridges.add(added.join('\n'))
    await rig.finder.keep()
    await rig.pass(5)
    expect(rig.box.settings.useBridges).toBe(true)
    expect(rig.bridges.activeLines()).toEqual([...new Set([...added, REQUESTED, REQUESTED_TOO])])
    expect(rig.connection.view.state).toBe('connected')
  })

  it('is kept whole or not at all: where there is no room for its bridges, nothing changes, and that is said', async () => {
    const many = Array.from({ length: 99 }, (_, at) => `198.51.100.${at + 1}:443 ${'C'.repeat(40)}`)
    const rig = await foundByHelp(many)
    const dialled = rig.dialled.length
    await expect(rig.finder.keep()).rejects.toMatchObject({ kind: 'no-room-for-bridges' })
    await rig.pass(5)
    expect(rig.box.settings.useBridges).toBe(false)
    expect(rig.bridges.activeLines()).toEqual(many)
    expect(rig.dialled).toHaveLength(dialled)
    expect(rig.box.view?.found).toMatchObject({ source: 'help', state: 'works' })
  })
})
