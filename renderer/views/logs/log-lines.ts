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

/** As it is copied: times without a zone would be useless to whoever helps, so they are in UTC. */
export function linesToText(lines: readonly LogLine[]): string {
  return lines
    .map(({ atMs, level, domain, text }) => `${new Date(atMs).toISOString()} [${level}] ${domain}: ${text}`)
    .join('\n')
}
