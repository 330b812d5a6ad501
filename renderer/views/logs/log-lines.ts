/** The log that the window holds: bounded, in order, each line once; and what of it a filter shows. */
import type { LogLevelName, LogLine } from '../../../electron/ipc/contract.ts'

/** Hours of a calm run, or minutes of `debug`; main keeps no more either. */
export const MAX_LINES = 5_000

/** From the gravest to the most talkative. */
export const LEVELS: readonly LogLevelName[] = ['err', 'warn', 'notice', 'info', 'debug']

/**
 * Both ordered by id. Batches that were read and batches that were pushed may overlap and come in either order: what
 * is there already is not taken twice, and what is older is put where it belongs.
 */
export function mergeLines(held: readonly LogLine[], more: readonly LogLine[]): readonly LogLine[] {
  const last = held.at(-1)
  const first = more[0]
  if (first === undefined) return held
  if (last === undefined || first.id > last.id) return newest([...held, ...more])
  const merged: LogLine[] = []
  let h = 0
  let m = 0
  while (h < held.length || m < more.length) {
    const left = held[h]
    const right = more[m]
    const next = right === undefined || (left !== undefined && left.id <= right.id) ? left : right
    if (next === undefined) break
    if (next === left) h++
    if (next === right || left?.id === right?.id) m++
    merged.push(next)
  }
  return merged.length === held.length ? held : newest(merged)
}

const newest = (lines: readonly LogLine[]): readonly LogLine[] =>
  lines.length > MAX_LINES ? lines.slice(lines.length - MAX_LINES) : lines

export interface LogFilter {
  /** The most talkative level that is shown. */
  readonly level: LogLevelName
  readonly text: string
}

/** Every word of the text must be in the line or its domain; case does not matter. */
export function filterLines(lines: readonly LogLine[], filter: LogFilter): readonly LogLine[] {
  const most = LEVELS.indexOf(filter.level)
  const words = filter.text.toLowerCase().split(/\s+/).filter(Boolean)
  if (most === LEVELS.length - 1 && words.length === 0) return lines
  return lines.filter((line) => {
    if (LEVELS.indexOf(line.level) > most) return false
    const text = `${line.domain} ${line.text}`.toLowerCase()
    return words.every((word) => text.includes(word))
  })
}

/** The clipboard command takes two million characters; the rest of the way to that is for joining. */
const MAX_COPIED_CHARACTERS = 1_900_000

/**
 * As they are copied, the oldest first; where they are more than can be copied, the oldest are left out. Times without
 * a zone would be useless to whoever helps, so they are in UTC.
 */
export function linesToText(lines: readonly LogLine[]): { readonly text: string; readonly count: number } {
  const rows: string[] = []
  let characters = 0
  for (const { atMs, level, domain, text } of [...lines].reverse()) {
    const row = `${new Date(atMs).toISOString()} [${level}] ${domain}: ${text}`
    characters += row.length + 1
    if (characters > MAX_COPIED_CHARACTERS) break
    rows.push(row)
  }
  return { text: rows.reverse().join('\n'), count: rows.length }
}

/** Lines that are drawn together; a page is made of few of them, and one that did not change costs nothing. */
export interface LogChunk {
  readonly key: number
  readonly lines: readonly LogLine[]
}

const CHUNK_IDS = 100

/** Cut by id and not by place, so that a chunk stays the same while lines come and go elsewhere. */
export function chunkLines(lines: readonly LogLine[]): readonly LogChunk[] {
  const chunks: { readonly key: number; readonly lines: LogLine[] }[] = []
  for (const line of lines) {
    const key = Math.floor(line.id / CHUNK_IDS)
    const last = chunks.at(-1)
    if (last?.key === key) last.lines.push(line)
    else chunks.push({ key, lines: [line] })
  }
  return chunks
}
