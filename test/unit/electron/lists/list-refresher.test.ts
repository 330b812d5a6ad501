/** The lists are kept current: through Tor alone, seldom, whole or not at all, and they outlive the run. */
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { MOAT_SERVICE, TRANSPORT_NAMES } from '../../../../core/index.ts'
import { CoreError } from '../../../../electron/app-error.ts'
import { BUILT_IN_TRANSPORTS, builtInLines } from '../../../../electron/bridges/built-in.ts'
import { COUNTRY_MAP, mappedSettings } from '../../../../electron/escalation/country-map.ts'
import type { ListCall, ListReply } from '../../../../electron/host/lists-protocol.ts'
import type { ListsView } from '../../../../electron/ipc/snapshot-lists.ts'
import { FreshLists } from '../../../../electron/lists/fresh-lists.ts'
import { ListRefresher, type ListRefresherDeps } from '../../../../electron/lists/list-refresher.ts'
import { MAX_LISTS_BYTES } from '../../../../electron/lists/lists-document.ts'
import { privateTextFile, type TextStore } from '../../../../electron/private-text-file.ts'
import { manualClock } from '../../../support/manual-clock.ts'

const [OURS = ''] = builtInLines('obfs4')
const NEW = OURS.replace(/obfs4 \S+ \S+/, `obfs4 203.0.113.7:443 ${'A'.repeat(40)}`)
const BRIDGES: ListReply = { kind: 'bridges', lines: [OURS, NEW] }
const COUNTRIES: ListReply = {
  kind: 'countries',
  countries: [{ country: 'tr', settings: [{ transport: 'obfs4', source: 'builtin' }] }],
}
const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

const folders: string[] = []
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true })
})

async function onDisk(): Promise<{ path: string; store: TextStore }> {
  const folder = await mkdtemp(join(tmpdir(), 'allium-lists-'))
  folders.push(folder)
  const path = join(folder, 'lists.json')
  return { path, store: privateTextFile(path, MAX_LISTS_BYTES) }
}

const NOWHERE: TextStore = { read: async () => undefined, write: async () => undefined }

async function rig(change: Partial<ListRefresherDeps> = {}, store = NOWHERE) {
  const clock = manualClock()
  const notes: string[] = []
  const log = (_: string, text: string): void => void notes.push(text)
  const lists = await FreshLists.open({ store, log, transports: TRANSPORT_NAMES })
  const calls: ListCall[] = []
  const box = { isConnected: true, refreshesLists: true, reply: replies() }
  const views: ListsView[] = []
  const refresher = new ListRefresher({
    clock,
    log,
    publish: (view) => views.push(view),
    settings: () => box,
    isConnected: () => box.isConnected,
    lists,
    service: MOAT_SERVICE,
    fetch: async (call) => {
      calls.push(call)
      return box.reply(call)
    },
    shipped: { transports: BUILT_IN_TRANSPORTS, lines: builtInLines },
    transports: TRANSPORT_NAMES,
    fraction: () => 0.5,
    ...change,
  })
  /** Hours, in which main looks at the connection again and again. */
  const pass = async (hours: number): Promise<void> => {
    for (let hour = 0; hour < hours; hour++) {
      refresher.look()
      clock.advance(HOUR_MS)
      await settle()
    }
  }
  return { box, calls, clock, lists, notes, pass, refresher, views }
}

function replies(bridges = BRIDGES, countries = COUNTRIES): (call: ListCall) => ListReply {
  return ({ endpoint }) => (endpoint === 'builtin' ? bridges : countries)
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve))
}

describe('the lists that everybody has', () => {
  it('are fetched once the app has been connected for a while, and then once in a week or so', async () => {
    const { calls, clock, lists, refresher, pass, views } = await rig()
    refresher.look()
    clock.advance(4 * 60_000)
    await settle()
    expect(calls).toEqual([])
    await pass(1)
    expect(calls.map(({ endpoint }) => endpoint)).toEqual(['builtin', 'map'])
    expect(views.map(({ isFetching }) => isFetching)).toEqual([true, false])
    expect(views.at(-1)).toMatchObject({ isAvailable: true, addedBridges: 1, reason: undefined })
    expect(lists.linesOf('obfs4', builtInLines('obfs4'))).toEqual([...builtInLines('obfs4'), NEW])
    expect(lists.settingsOf('tr')).toEqual([{ transport: 'obfs4', source: 'built-in' }])
    expect(lists.settingsOf('cn')).toEqual(mappedSettings('cn'))
    expect(lists.map).toMatchObject({ date: '2026-09-21', countries: [...COUNTRY_MAP.countries, 'tr'] })
    await pass(7 * 24)
    expect(calls).toHaveLength(2)
    await pass(2 * 24)
    expect(calls).toHaveLength(4)
  })

  it.each([
    ['while nothing is connected', { isConnected: false }],
    ['when the person does not want it', { refreshesLists: false }],
  ])('are not fetched %s', async (_, change) => {
    const { box, calls, pass, refresher } = await rig()
    refresher.look()
    Object.assign(box, change)
    await pass(24 * 30)
    expect(calls).toEqual([])
  })

  it('are fetched on the person’s wish through Tor alone, and not again and again', async () => {
    const { box, calls, refresher, clock } = await rig()
    box.isConnected = false
    await expect(refresher.refresh()).rejects.toMatchObject({ kind: 'not-connected' })
    expect(calls).toEqual([])
    box.isConnected = true
    box.refreshesLists = false
    await refresher.refresh()
    await expect(refresher.refresh()).rejects.toMatchObject({ kind: 'help-busy' })
    clock.advance(11_000)
    await refresher.refresh()
    expect(calls).toHaveLength(4)
  })

  it('are not there to be fetched on a network without the service', async () => {
    const { calls, pass, refresher } = await rig({ service: undefined })
    expect(refresher.view.isAvailable).toBe(false)
    await expect(refresher.refresh()).rejects.toMatchObject({ kind: 'help-not-available' })
    await pass(24)
    expect(calls).toEqual([])
  })

  it.each<[string, ListReply, ListReply, string]>([
    ['bridges', { kind: 'bridges', lines: ['obfs4 127.0.0.1:1'] }, COUNTRIES, 'lists-refused'],
    ['a map', BRIDGES, { kind: 'countries', countries: [] }, 'lists-refused'],
    ['a refusal', BRIDGES, { kind: 'refusal', code: 400, detail: 'no' }, 'help-refused'],
  ])(
    'stay as they are when %s are no good, which the log and the view say',
    async (_, bridges, map, kind) => {
      const { box, lists, notes, refresher } = await rig()
      box.reply = replies(bridges, map)
      await expect(refresher.refresh()).rejects.toMatchObject({ kind })
      expect(refresher.view).toMatchObject({ fetchedMs: undefined, addedBridges: 0, reason: { kind } })
      expect(lists.linesOf('obfs4', builtInLines('obfs4'))).toEqual(builtInLines('obfs4'))
      expect(notes).toEqual([expect.stringContaining('were not refreshed')])
    },
  )

  it('are tried again some hours after a failure, and the old ones hold meanwhile', async () => {
    const { box, calls, clock, pass, refresher } = await rig()
    await refresher.refresh()
    box.reply = () => {
      throw new CoreError({ kind: 'timeout', detail: 'no answer' })
    }
    clock.advance(11_000)
    await expect(refresher.refresh()).rejects.toMatchObject({ kind: 'timeout' })
    expect(refresher.view).toMatchObject({ addedBridges: 1, reason: { kind: 'timeout' } })
    box.reply = replies()
    await pass(6)
    expect(calls).toHaveLength(3)
    await pass(6)
    expect(calls).toHaveLength(5)
    expect(refresher.view.reason).toBeUndefined()
  })
})

describe('fetched lists on the disk', () => {
  it('are private to the user, and there after a restart', async () => {
    const { path, store } = await onDisk()
    const { refresher } = await rig({}, store)
    await refresher.refresh()
    expect((await stat(path)).mode & 0o777).toBe(0o600)
    const again = await rig({}, store)
    expect(again.refresher.view).toMatchObject({ addedBridges: 1, fetchedMs: again.clock.wallMs() })
    // It is no longer due, also for somebody who starts often.
    await again.pass(24)
    expect(again.calls).toEqual([])
  })

  it('are not used any more when the app came with newer ones', async () => {
    const { path, store } = await onDisk()
    const { refresher } = await rig({}, store)
    await refresher.refresh()
    const document = JSON.parse(await readFile(path, 'utf8')) as object
    await writeFile(path, JSON.stringify({ ...document, fetchedMs: Date.parse('2024-01-01') }))
    const again = await rig({}, store)
    expect(again.refresher.view).toMatchObject({ addedBridges: 0, fetchedMs: undefined })
    expect(again.lists.map).toBe(COUNTRY_MAP)
  })

  it.each([
    '',
    '{}',
    '[1]',
    '{"version":1',
    `{"version":2,"fetchedMs":${9 * DAY_MS},"bridges":[],"countries":{}}`,
  ])('that are broken (%s) are as if there were none, and that is said', async (text) => {
    const { path, store } = await onDisk()
    await writeFile(path, text)
    const { lists, notes } = await rig({}, store)
    expect(lists.fetchedMs).toBeUndefined()
    expect(notes).toEqual([expect.stringContaining('not readable')])
  })

  it('that hold what is no bridge line harm nothing', async () => {
    const { path, store } = await onDisk()
    await writeFile(
      path,
      JSON.stringify({ version: 1, fetchedMs: Date.now(), bridges: ['nothing', NEW], countries: {} }),
    )
    const { lists } = await rig({}, store)
    expect(lists.linesOf('obfs4', builtInLines('obfs4'))).toEqual([...builtInLines('obfs4'), NEW])
  })

  it('that cannot be written are used all the same', async () => {
    const store: TextStore = { read: async () => undefined, write: () => Promise.reject(new Error('full')) }
    const { notes, refresher } = await rig({}, store)
    await refresher.refresh()
    expect(refresher.view.addedBridges).toBe(1)
    expect(notes[0]).toContain('could not be kept')
  })
})
