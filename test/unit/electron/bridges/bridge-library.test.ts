/** The bridges that the app keeps: what commands do to them, what the page and the core are told, what is written. */
import { describe, expect, it } from 'vitest'
import {
  BUILT_IN_BRIDGES_DATE,
  BUILT_IN_TRANSPORTS,
  builtInLines,
} from '../../../../electron/bridges/built-in.ts'
import { checkLine, commonName } from '../../../../electron/bridges/line-check.ts'
import { bridgeEmoji } from '../../../../electron/bridges/bridge-emoji.ts'
import { FINGERPRINT, openLibrary, NOW_MS, plain, statusOf, TRANSPORTS } from './support.ts'

const HOUR_MS = 3_600_000

describe('adding', () => {
  it('takes the good lines, keeps them as they were written, and says what became of each', async () => {
    const { library, saved, published, changes } = await openLibrary()
    const results = await library.add(`Bridge ${plain(1)}\nnonsense\n${plain(2).toLowerCase()}`)
    expect(results.map(({ fault }) => fault)).toEqual([undefined, 'not-a-bridge-line', undefined])
    expect(library.activeLines()).toEqual([plain(1), plain(2).toLowerCase()])
    expect(saved.at(-1)?.added).toEqual([plain(1), plain(2).toLowerCase()])
    expect(published.at(-1)?.bridges).toMatchObject([
      {
        line: plain(1),
        transport: 'vanilla',
        address: '192.0.2.1:443',
        origin: 'added',
        isEnabled: true,
        health: 'unknown',
      },
      { line: plain(2).toLowerCase(), emoji: bridgeEmoji(plain(2).toLowerCase()) },
    ])
    expect(changes()).toBe(1)
  })

  it('changes and writes nothing when no line is any good, and a look never does', async () => {
    const { library, saved, changes } = await openLibrary({ added: [plain(1)] })
    expect(await library.check(plain(1))).toMatchObject([{ fault: 'already-there' }])
    expect(await library.check(plain(2))).toMatchObject([{ fault: undefined }])
    await library.add(`${plain(1)}\nnonsense`)
    expect([saved, changes()]).toEqual([[], 0])
  })

  it('of two at once loses neither', async () => {
    const { library } = await openLibrary()
    await Promise.all([library.add(plain(1)), library.add(plain(2)), library.add(plain(1))])
    expect(library.activeLines()).toEqual([plain(1), plain(2)])
  })

  it('that cannot be written is refused, and nothing is used that a restart would not have', async () => {
    const { library, failWrites, changes } = await openLibrary()
    failWrites()
    await expect(library.add(plain(1))).rejects.toThrow('the disk is full')
    expect([library.activeLines(), changes()]).toEqual([[], 0])
  })
})

describe('using bridges that were found', () => {
  it('adds those that are not there, turns on those that are, and leaves the others', async () => {
    const { library } = await openLibrary({ added: [plain(1), plain(2)], disabled: [plain(1), plain(2)] })
    await library.use([plain(1).toLowerCase(), plain(3)])
    expect(library.activeLines()).toEqual([plain(1), plain(3)])
  })

  it('takes all of them or none', async () => {
    const added = Array.from({ length: 99 }, (_, at) => plain(at + 1))
    const { library, saved } = await openLibrary({ added, disabled: [plain(1)] })
    const kind = 'no-room-for-bridges'
    await expect(library.use([plain(1), plain(101), plain(102)])).rejects.toMatchObject({ kind })
    expect(saved).toEqual([])
    await library.use([plain(1), plain(101)])
    expect(library.activeLines()).toEqual([...added, plain(101)])
  })
})

describe('removing and turning off', () => {
  it('takes a bridge away with all that was kept of it', async () => {
    const { library, saved } = await openLibrary({
      added: [plain(1), plain(2)],
      disabled: [plain(1)],
      health: [{ line: plain(1), lastWorkedMs: NOW_MS }],
    })
    const [first] = library.view.bridges
    await library.remove([first?.id ?? '', 'nobody'])
    expect(saved.at(-1)).toMatchObject({ added: [plain(2)], disabled: [], health: [] })
    await library.remove(['nobody'])
    expect(saved).toHaveLength(1)
  })

  it('keeps a bridge that is turned off, unused', async () => {
    const { library, changes } = await openLibrary({ added: [plain(1), plain(2)] })
    const [first, second] = library.view.bridges.map(({ id }) => id)
    await library.enable([first ?? ''], false)
    expect(library.activeLines()).toEqual([plain(2)])
    expect(library.view.bridges.map(({ isEnabled }) => isEnabled)).toEqual([false, true])
    await library.enable([second ?? ''], false)
    expect(library.activeLines()).toEqual([])
    await library.enable([first ?? '', second ?? ''], true)
    expect(library.activeLines()).toEqual([plain(1), plain(2)])
    expect(changes()).toBe(3)
  })

  it('ids stay the same over restarts, and tell nothing of the line', async () => {
    const ids = async (): Promise<string[]> =>
      (await openLibrary({ added: [plain(1), plain(2)] })).library.view.bridges.map(({ id }) => id)
    expect(await ids()).toEqual(await ids())
    expect((await ids())[0]).toMatch(/^[0-9a-f]{32}$/)
  })
})

describe('built-in bridges', () => {
  it('are lines that are in order, with a date', () => {
    expect(BUILT_IN_TRANSPORTS).toEqual(expect.arrayContaining(['obfs4', 'snowflake', 'meek']))
    expect(BUILT_IN_BRIDGES_DATE).toMatch(/^20[0-9]{2}-[0-9]{2}-[0-9]{2}$/)
    for (const transport of BUILT_IN_TRANSPORTS) {
      for (const line of builtInLines(transport)) {
        const checked = checkLine(line, ['obfs4', 'snowflake', 'meek_lite'])
        expect(checked.kind === 'good' && commonName(checked.line.transport), line).toBe(transport)
      }
    }
  })

  it('are used when their transport is chosen, behind the person’s own', async () => {
    const { library, published } = await openLibrary({ added: [plain(1)] })
    await library.chooseBuiltIn('obfs4')
    expect(library.activeLines()).toEqual([plain(1), ...builtInLines('obfs4')])
    const view = published.at(-1)
    expect(view?.bridges.at(-1)).toMatchObject({ origin: 'built-in', transport: 'obfs4' })
    expect(view?.builtIn.find(({ transport }) => transport === 'obfs4')).toEqual({
      transport: 'obfs4',
      count: builtInLines('obfs4').length,
      isAvailable: true,
      isChosen: true,
    })
    await library.chooseBuiltIn(null)
    expect(library.activeLines()).toEqual([plain(1)])
  })

  it('can be turned off one by one, and made the person’s own', async () => {
    const { library } = await openLibrary({ builtIn: 'obfs4' })
    const [first = '', second = ''] = builtInLines('obfs4')
    await library.enable([library.view.bridges[0]?.id ?? ''], false)
    expect(library.activeLines()).not.toContain(first)
    expect(await library.add(second)).toMatchObject([{ fault: undefined }])
    expect(library.view.bridges.filter(({ line }) => line === second)).toMatchObject([{ origin: 'added' }])
    await library.chooseBuiltIn(null)
    expect(library.activeLines()).toEqual([second])
  })

  it.each([
    ['warp', 'no-built-in-bridges'],
    ['meek', 'transport-not-available'],
  ])('of %s are refused: %s', async (transport, kind) => {
    const { library, saved } = await openLibrary()
    await expect(library.chooseBuiltIn(transport)).rejects.toMatchObject({ kind })
    expect(saved).toEqual([])
  })

  it('of meek are called so, though their lines have another word', async () => {
    const { library } = await openLibrary({}, ['meek_lite'])
    await library.chooseBuiltIn('meek')
    expect(library.activeLines()).toEqual(builtInLines('meek'))
    expect(library.view).toMatchObject({ bridges: [{ transport: 'meek' }], transports: ['vanilla', 'meek'] })
  })

  it('of a transport that the core lost are shown, and never given to it', async () => {
    const { library } = await openLibrary({ builtIn: 'obfs4', added: [plain(1)] }, [])
    expect(library.activeLines()).toEqual([plain(1)])
    expect(library.view.bridges.map(({ health }) => health)).toContain('unavailable')
    expect(library.view.transports).toEqual(['vanilla'])
  })

  it('of a transport that could use no such line are not given to it, which would refuse the others too', async () => {
    const { library } = await openLibrary({
      added: [`obfs4 192.0.2.1:1 ${FINGERPRINT} cert=damaged`, plain(1)],
    })
    expect(library.activeLines()).toEqual([plain(1)])
    expect(library.view.bridges.map(({ health }) => health)).toEqual(['unavailable', 'unknown'])
  })
})

describe('what the core says', () => {
  it('is shown of each bridge, however its line is written', async () => {
    const { library, published } = await openLibrary({ added: [plain(1).toLowerCase(), plain(2), plain(3)] })
    library.onHostStatus({
      bridges: [
        statusOf(plain(1), { health: 'in-use' }),
        statusOf(plain(2), { health: 'failing', failingSinceMs: NOW_MS - 5, lastWorkedMs: undefined }),
      ],
    })
    expect(
      published
        .at(-1)
        ?.bridges.map(({ health, failingSinceMs, lastWorkedMs }) => [health, failingSinceMs, lastWorkedMs]),
    ).toEqual([
      ['in-use', undefined, NOW_MS],
      ['failing', NOW_MS - 5, undefined],
      ['unknown', undefined, undefined],
    ])
    expect(published.at(-1)?.transports).toEqual(['vanilla', ...TRANSPORTS])
  })

  it('is kept over restarts, and written when it is news', async () => {
    const { library, saved } = await openLibrary({ added: [plain(1)] })
    const tell = async (lastWorkedMs: number | undefined, failingSinceMs?: number): Promise<void> => {
      const health = failingSinceMs === undefined ? 'works' : 'failing'
      library.onHostStatus({ bridges: [statusOf(plain(1), { health, lastWorkedMs, failingSinceMs })] })
      await library.add('')
    }
    await tell(NOW_MS)
    await tell(NOW_MS + 1_000)
    expect(saved).toHaveLength(1)
    await tell(NOW_MS + 2 * HOUR_MS)
    await tell(NOW_MS + 2 * HOUR_MS, NOW_MS + 3 * HOUR_MS)
    await tell(NOW_MS + 2 * HOUR_MS, NOW_MS + 3 * HOUR_MS)
    expect(saved.map(({ health }) => health[0])).toEqual([
      { line: plain(1), lastWorkedMs: NOW_MS },
      { line: plain(1), lastWorkedMs: NOW_MS + 2 * HOUR_MS },
      { line: plain(1), lastWorkedMs: NOW_MS + 2 * HOUR_MS, failingSinceMs: NOW_MS + 3 * HOUR_MS },
    ])
  })

  it('goes on from what was kept: a bridge that failed before the restart has failed since then', async () => {
    const health = [{ line: plain(1), lastWorkedMs: 1_000, failingSinceMs: 2_000 }]
    const { library, published } = await openLibrary({ added: [plain(1)], health })
    expect(library.view.bridges[0]).toMatchObject({
      health: 'unknown',
      failingSinceMs: undefined,
      lastWorkedMs: 1_000,
    })
    library.onHostStatus({
      bridges: [statusOf(plain(1), { health: 'failing', failingSinceMs: NOW_MS, lastWorkedMs: undefined })],
    })
    expect(published.at(-1)?.bridges[0]).toMatchObject({
      health: 'failing',
      failingSinceMs: 2_000,
      lastWorkedMs: 1_000,
    })
  })

  it('of a bridge that is turned off is not shown', async () => {
    const { library } = await openLibrary({ added: [plain(1)], disabled: [plain(1)] })
    library.onHostStatus({ bridges: [statusOf(plain(1))] })
    expect(library.view.bridges[0]?.health).toBe('unknown')
  })

  it('and cannot be written is no trouble for anybody', async () => {
    const { library, failWrites } = await openLibrary({ added: [plain(1)] })
    failWrites()
    library.onHostStatus({ bridges: [statusOf(plain(1))] })
    expect(await library.check('x')).toHaveLength(1)
  })
})

it('a line in the file that is no good any more is passed over and stays in the file', async () => {
  const { library, saved } = await openLibrary({ added: ['rubbish', plain(1)] })
  expect(library.activeLines()).toEqual([plain(1)])
  await library.add(plain(2))
  expect(saved.at(-1)?.added).toEqual(['rubbish', plain(1), plain(2)])
})

it('a QR code on the screen is the concern of who looks at screens', async () => {
  const { library } = await openLibrary()
  expect(await library.readQrFromScreen()).toBe('what the screen shows')
})
