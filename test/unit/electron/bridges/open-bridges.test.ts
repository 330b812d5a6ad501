/** The bridges as main opens them: on their file, over restarts. */
import { mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { openBridges } from '../../../../electron/bridges/open-bridges.ts'
import type { BridgesView } from '../../../../electron/ipc/snapshot-bridges.ts'
import { manualClock } from '../../../support/manual-clock.ts'
import { NOW_MS, plain } from './support.ts'

const open = (folder: string, shown: BridgesView[]) =>
  openBridges({
    folder,
    clock: manualClock(NOW_MS),
    log: () => {},
    publish: (view) => shown.push(view),
    network: () => undefined,
    builtIn: () => [],
    capture: { isAllowed: () => false, take: () => Promise.resolve([]) },
  })

it('a bridge that was added is there, and shown, after a restart', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'allium-open-bridges-'))
  const shown: BridgesView[] = []
  const first = await open(folder, shown)
  await first.add(plain(1))
  expect(JSON.parse(await readFile(join(folder, 'bridges.json'), 'utf8'))).toMatchObject({
    added: [plain(1)],
  })
  const second = await open(folder, shown)
  expect(second.activeLines()).toEqual([plain(1)])
  expect(shown.at(-1)?.bridges).toMatchObject([{ line: plain(1) }])
  await expect(second.readQrFromScreen()).rejects.toMatchObject({ kind: 'screen-not-allowed' })
})

it('an app that began without the bridges of a file says so until it is closed', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'allium-open-bridges-'))
  await writeFile(join(folder, 'bridges.json'), 'half a libr')
  const shown: BridgesView[] = []
  const bridges = await open(folder, shown)
  const trouble = { backupName: 'bridges.broken-2026-11-22T12-00-00-000Z.json' }
  expect(shown.at(-1)?.trouble).toEqual(trouble)
  await bridges.add(plain(1))
  expect(shown.at(-1)?.trouble).toEqual(trouble)
})
