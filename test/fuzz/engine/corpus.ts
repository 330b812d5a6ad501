/** The corpus on the disk: a folder for each target, a file for each input, named by what it showed or by its hash. */
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** From the root of the project, which tests and scripts run in. */
export const CORPUS_FOLDER = join('test', 'fuzz', 'corpus')
/** What a longer run has found and nobody has judged yet; not kept in the repository. */
export const FINDINGS_FOLDER = join('test-results', 'fuzz')

export interface CorpusEntry {
  readonly file: string
  readonly bytes: Buffer
}

/** In the order of their names. */
export function readCorpus(target: string, folder = CORPUS_FOLDER): CorpusEntry[] {
  const directory = join(folder, target)
  if (!existsSync(directory)) return []
  return readdirSync(directory)
    .sort()
    .map((file) => ({ file, bytes: readFileSync(join(directory, file)) }))
}

/** Returns the path. */
export function writeEntry(folder: string, target: string, bytes: Uint8Array, prefix = ''): string {
  const directory = join(folder, target)
  mkdirSync(directory, { recursive: true })
  const path = join(directory, `${prefix}${hashOf(bytes)}`)
  writeFileSync(path, bytes)
  return path
}

export function hashOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex').slice(0, 12)
}
