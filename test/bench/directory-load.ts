/**
 * Measures the load of a directory of real size from the cache: consensus, certificates and microdescriptors are read,
 * checked against nine authorities' signatures and their digests, and made into a view of the network.
 */
import { fork } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { generateDirectory } from '../support/generate-directory.ts'
import { median } from './statistics.ts'

/** What one load cost. */
export interface DirectoryLoadReport {
  readonly cpuMs: number
  readonly wallMs: number
  /** 0 when turns were not watched. */
  readonly longestTurnMs: number
  /** Microdescriptors that the view lacks: 0, or the measure is of something else. */
  readonly missing: number
  readonly rssMegabytes: number
}

const MINUTE_MS = 60_000

function loadInProcess(
  script: string,
  directory: string,
  mode: 'cpu' | 'turns',
): Promise<DirectoryLoadReport[]> {
  return new Promise((resolve, reject) => {
    const child = fork(script, [directory, mode], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
    child.once('message', (reports: DirectoryLoadReport[]) => {
      if (reports.every((report) => report.missing === 0)) resolve(reports)
      else reject(new Error('the view lacks microdescriptors'))
    })
    child.once('error', reject)
    child.once('exit', (code) => reject(new Error(`the load ended with ${code}`)))
  })
}

/** Loads a generated directory in `repeats` fresh processes, several times in each: `script` is the bundled one. */
export async function measureDirectoryLoad(
  script: string,
  relays: number,
  repeats: number,
  report: (measure: string, value: number) => void,
): Promise<void> {
  const home = mkdtempSync(join(tmpdir(), 'allium-directory-'))
  try {
    const directory = join(home, 'data')
    await mkdir(directory, { mode: 0o700 })
    const generated = generateDirectory({ relays, validAfterMs: Date.now() - 10 * MINUTE_MS })
    await writeFile(join(home, 'idents'), generated.trustedV3Idents.join('\n'))
    await writeFile(join(directory, 'cached-microdesc-consensus'), generated.consensus, { mode: 0o600 })
    await writeFile(join(directory, 'cached-certs'), generated.certs, { mode: 0o600 })
    await writeFile(join(directory, 'cached-microdescs'), generated.microdescriptors, { mode: 0o600 })
    for (let repeat = 0; repeat < repeats; repeat++) {
      const [first, ...later] = await loadInProcess(script, directory, 'cpu')
      const [firstTurns, ...laterTurns] = await loadInProcess(script, directory, 'turns')
      if (first === undefined || firstTurns === undefined) throw new Error('nothing was loaded')
      report('8,000 relays, first load, CPU ms', first.cpuMs)
      report('8,000 relays, first load, wall ms', first.wallMs)
      report('8,000 relays, first load, longest turn, ms', firstTurns.longestTurnMs)
      report('8,000 relays, later loads, CPU ms', median(later.map(({ cpuMs }) => cpuMs)))
      report(
        '8,000 relays, later loads, longest turn, ms',
        median(laterTurns.map((each) => each.longestTurnMs)),
      )
      report('8,000 relays, first load, RSS, MB', first.rssMegabytes)
    }
  } finally {
    rmSync(home, { recursive: true, force: true })
  }
}
