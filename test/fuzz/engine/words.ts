/** Words for the mutations, taken from the code that a target runs: its literals, as text and as big-endian numbers. */
import { readFileSync } from 'node:fs'
import type { Coverage } from './coverage.ts'

export interface ModuleWords {
  readonly file: string
  /** The counters of its blocks. */
  readonly first: number
  readonly end: number
  readonly literals: readonly (string | number)[]
}

const MOST_WORDS = 600

/** What `scripts/fuzz/instrument.mjs` noted of each module. */
export function readModules(path: string): readonly ModuleWords[] {
  return JSON.parse(readFileSync(path, 'utf8')) as readonly ModuleWords[]
}

/** The words of all modules that have run so far. */
export function wordsOf(
  modules: readonly ModuleWords[],
  coverage: Coverage,
  form: 'binary' | 'text',
): Uint8Array[] {
  const literals = new Set<string | number>()
  for (const { first, end, literals: found } of modules) {
    if (coverage.hasRun(first, end)) for (const literal of found) literals.add(literal)
  }
  return [...literals].slice(0, MOST_WORDS).map((literal) => wordOf(literal, form))
}

function wordOf(literal: string | number, form: 'binary' | 'text'): Uint8Array {
  if (typeof literal === 'string') return Buffer.from(literal, 'latin1')
  if (form === 'text' || !Number.isInteger(literal) || literal > 0xffffffff)
    return Buffer.from(String(literal))
  if (literal < 256) return Buffer.of(literal)
  const size = literal < 65_536 ? 2 : 4
  const bytes = Buffer.alloc(size)
  bytes.writeUIntBE(literal, 0, size)
  return bytes
}
