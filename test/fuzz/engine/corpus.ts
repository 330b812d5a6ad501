/**
 * The corpus on the disk: a file for each target and a line for each input, as a JSON string whose characters are bytes,
 * so that text can be read and changes can be seen. What showed something wrong once has a name before it.
 */
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** From the root of the project, which tests and scripts run in. */
export const CORPUS_FOLDER = join('test', 'fuzz', 'corpus')
/** What a longer run has found and nobody has judged yet; not kept in the repository. */
export const FINDINGS_FOLDER = join('test-results', 'fuzz')

const LINE = /^(?:([a-z0-9-]+) )?(".*")$/

export interface CorpusEntry {
  /** What it showed; undefined for one that is only a way to somewhere. */
  readonly name: string | undefined
  readonly bytes: Buffer
}

/** The names of the targets that have a file. */
export function corpusNames(folder = CORPUS_FOLDER): string[] {
  return readdirSync(folder).map((file) => file.replace(/\.txt$/, ''))
}

export function readCorpus(target: string, folder = CORPUS_FOLDER): CorpusEntry[] {
  const path = join(folder, `${target}.txt`)
  return existsSync(path) ? parseEntries(readFileSync(path, 'utf8')) : []
}

/** Throws for a line that is no entry. */
export function parseEntries(text: string): CorpusEntry[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [, name, json] = LINE.exec(line) ?? []
      if (json === undefined) throw new Error(`no entry of a corpus: ${line.slice(0, 80)}`)
      return { name, bytes: Buffer.from(String(JSON.parse(json)), 'latin1') }
    })
}

/** Sorted, the named ones first. */
export function formatEntries(entries: readonly CorpusEntry[]): string {
  const lines = entries.map(({ name, bytes }) => (name === undefined ? '' : `${name} `) + formatBytes(bytes))
  const rank = (line: string): string => (line.startsWith('"') ? '1' : '0') + line
  return [...new Set(lines)]
    .sort((a, b) => (rank(a) < rank(b) ? -1 : 1))
    .map((line) => `${line}\n`)
    .join('')
}

export function writeCorpus(target: string, entries: readonly CorpusEntry[], folder = CORPUS_FOLDER): void {
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, `${target}.txt`), formatEntries(entries))
}

/** As the file has it. */
export function formatBytes(bytes: Uint8Array): string {
  return JSON.stringify(Buffer.from(bytes).toString('latin1')).replace(
    /[\x7f-\xff]/g,
    (character) => `\\u00${character.charCodeAt(0).toString(16)}`,
  )
}

/** An input on its own, for somebody to look at. Returns the path. */
export function writeFinding(target: string, bytes: Uint8Array, prefix = ''): string {
  const directory = join(FINDINGS_FOLDER, target)
  mkdirSync(directory, { recursive: true })
  const hash = createHash('sha256').update(bytes).digest('hex').slice(0, 12)
  const path = join(directory, `${prefix}${hash}`)
  writeFileSync(path, bytes)
  return path
}
