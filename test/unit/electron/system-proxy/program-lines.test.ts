/** Which programs are said to follow the setting, and what every line for the others has in common. */
import { describe, expect, it } from 'vitest'
import { PROGRAM_NAMES } from '../../../../electron/ipc/snapshot-programs.ts'
import { programGuides, type ProgramsOn } from '../../../../electron/system-proxy/program-lines.ts'
import { runRestoreCommand } from '../../../../electron/system-proxy/restore-command.ts'
import { FakeGnome } from './fake-gnome.ts'
import { DOOR, Rig } from './proxy-rig.ts'

const DOORS = { socks: { host: '127.0.0.1', port: 9250 }, http: { host: '127.0.0.1', port: 9251 } }
const PLACES: readonly ProgramsOn[] = [
  { platform: 'linux', backend: 'gnome' },
  { platform: 'linux', backend: 'kde' },
  { platform: 'linux', backend: undefined },
  { platform: 'darwin', backend: 'macos' },
  { platform: 'win32', backend: 'windows' },
]

describe.each(PLACES)('the programs on $platform with $backend', (place) => {
  const guides = programGuides(place, DOORS)

  it('are each named once, and those that ignore the setting have a line or nothing to be told', () => {
    const names = guides.map(({ program }) => program)
    expect(new Set(names).size).toBe(names.length)
    expect(names.every((name) => PROGRAM_NAMES.includes(name))).toBe(true)
    const silent = guides.filter(({ obedience, lines }) => obedience === 'ignores' && lines.length === 0)
    expect(silent.map(({ program }) => program).filter((name) => name !== 'desktop-programs')).toEqual([])
  })

  it('get our addresses in every line, and never a way to look a name up themselves', () => {
    const texts = guides.flatMap(({ lines }) => lines.map(({ text }) => text))
    expect(texts.length).toBeGreaterThan(8)
    for (const text of texts) {
      expect(text).toMatch(/127\.0\.0\.1(?::|".*[\s\S]*)925[01]/)
      expect(text).not.toMatch(/socks4|socks5:|socks:/)
    }
  })

  it('can each take back what they keep', () => {
    const kept = guides.flatMap(({ lines }) => lines.filter(({ scope }) => scope === 'always'))
    expect(kept.filter(({ where, file, undo }) => (where === 'file' ? file : undo) === undefined)).toEqual([])
  })
})

describe('the programs', () => {
  it('follow nothing where the system has no setting that we know', () => {
    const guides = programGuides({ platform: 'linux', backend: undefined }, DOORS)
    expect(guides.filter(({ obedience }) => obedience !== 'ignores')).toEqual([])
  })

  it('are not told an address where nobody listens', () => {
    const place = { platform: 'linux', backend: 'gnome' } as const
    expect(programGuides(place, { socks: undefined, http: undefined })).toEqual([])
    expect(programGuides(place, { ...DOORS, http: undefined })).toEqual([])
  })

  it('are honest about Firefox in KDE, which asks GNOME', () => {
    const guides = programGuides({ platform: 'linux', backend: 'kde' }, DOORS)
    expect(guides.find(({ program }) => program === 'firefox')?.obedience).toBe('ignores')
  })
})

describe('allium --restore-system-proxy', () => {
  async function run(rig: Rig): Promise<[number, string]> {
    const lines: string[] = []
    const code = await runRestoreCommand(rig.start().proxy, (line) => lines.push(line))
    return [code, lines.join('\n')]
  }

  it('says that there was nothing to do', async () => {
    expect(await run(new Rig(new FakeGnome()))).toEqual([0, expect.stringContaining('nothing to put back')])
  })

  it('ends with 1 and says what to do when it cannot', async () => {
    const rig = new Rig(new FakeGnome())
    await rig.start().proxy.apply(DOOR)
    rig.system.isDeaf = true
    expect(await run(rig)).toEqual([1, expect.stringContaining('Turn it off in the network settings')])
    expect(rig.disk.text).toBeDefined()
  })

  it('says that the old settings are not known when the journal is broken', async () => {
    const rig = new Rig(new FakeGnome())
    await rig.start().proxy.apply(DOOR)
    rig.disk.text = 'x'
    expect(await run(rig)).toEqual([0, expect.stringContaining('It led to Allium, and was turned off.')])
  })
})
