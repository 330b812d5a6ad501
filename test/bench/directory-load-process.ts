/**
 * The process behind `directory-load.ts`: starts a directory manager on a data directory, as a client does when it
 * starts warm, and tells what that cost. A process of its own, because the first time, with cold code, is
 * what a start costs; it loads several times more, which shows what the code itself costs.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DirectoryManager } from '../../core/directory/directory-manager.ts'
import { systemRandom } from '../../core/crypto/system-random.ts'
import { parseRsaIdentity } from '../../core/linkspec/relay-ids.ts'
import { openFileStateStore } from '../../core/persist/file-state-store.ts'
import { systemClock } from '../../core/util/clock.ts'
import { TorError } from '../../core/util/errors.ts'
import { silentLogger } from '../../core/util/log.ts'
import type { DirectoryLoadReport } from './directory-load.ts'

/** Watches how long each turn of the event loop lasts. It keeps the loop busy, so CPU time is measured without it. */
function watchTurns(): { longestMs: () => number; stop: () => void } {
  let isRunning = true
  let longestMs = 0
  let lastMs = performance.now()
  const look = (): void => {
    const nowMs = performance.now()
    longestMs = Math.max(longestMs, nowMs - lastMs)
    lastMs = nowMs
    if (isRunning) setImmediate(look)
  }
  setImmediate(look)
  return {
    longestMs: () => longestMs,
    stop: () => {
      isRunning = false
    },
  }
}

/** Enough for the compiler to have done its work. */
const LOADS = 8

async function load(
  directory: string,
  idents: readonly string[],
  isWatched: boolean,
): Promise<DirectoryLoadReport> {
  const store = await openFileStateStore(directory, { random: systemRandom, log: silentLogger })
  const authorities = idents.map((ident, index) => ({
    nickname: `authority${index}`,
    v3Identity: parseRsaIdentity(ident),
    rsaIdentity: parseRsaIdentity(ident),
    endpoints: [],
    isBridgeAuthority: false,
  }))
  const manager = new DirectoryManager(
    { authorities, pathsNeededToBuildCircuits: undefined },
    {
      clock: systemClock,
      random: systemRandom,
      log: silentLogger,
      store,
      connector: {
        connect: () => Promise.reject(new TorError('channel-failed', 'there is no network here')),
      },
      bootstrapDirectories: () => ({ fallbacks: [], authorities: [] }),
      pickDirectoryRelays: () => [],
      primaryGuards: () => [],
    },
  )
  const turns = isWatched ? watchTurns() : undefined
  // The turns before the load are not its turns.
  await new Promise((resolve) => setImmediate(resolve))
  const cpuBefore = process.cpuUsage()
  const startMs = performance.now()
  const view = await manager.start(AbortSignal.timeout(30_000))
  const wallMs = performance.now() - startMs
  const cpu = process.cpuUsage(cpuBefore)
  turns?.stop()
  const missing = view.missingMicrodescDigests().length
  await manager.close()
  await store.close()
  return {
    cpuMs: (cpu.user + cpu.system) / 1000,
    wallMs,
    longestTurnMs: turns?.longestMs() ?? 0,
    missing,
    rssMegabytes: process.memoryUsage.rss() / 1e6,
  }
}

const [directory = '', mode = ''] = process.argv.slice(2)
const idents = readFileSync(join(directory, '..', 'idents'), 'latin1').split('\n')
const reports: DirectoryLoadReport[] = []
for (let repeat = 0; repeat < LOADS; repeat++) reports.push(await load(directory, idents, mode === 'turns'))
process.send?.(reports)
