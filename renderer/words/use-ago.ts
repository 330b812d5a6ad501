/**
 * "3 minutes ago" of a moment, kept up to date. Seconds are not told: to show them right the window would have to be
 * drawn again all the time, and drawing is the most that a window does in which nothing happens.
 */
import { useNow } from '../state/use-now.ts'
import { useFormat, useWords } from './words.tsx'

const MINUTE_MS = 60_000

/** Undefined for a moment that has not been. */
export function useAgo(atMs: number): string
export function useAgo(atMs: number | undefined): string | undefined
export function useAgo(atMs: number | undefined): string | undefined {
  const words = useWords()
  const format = useFormat()
  // What is told changes with whole minutes alone, of this moment's own.
  const now = useNow(MINUTE_MS, { isNeeded: atMs !== undefined, fromMs: atMs ?? 0 })
  if (atMs === undefined) return undefined
  return now - atMs < MINUTE_MS ? words('common-moment-ago') : format.ago(atMs, now)
}
