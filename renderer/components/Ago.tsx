/** How long ago something was, kept up to date, with the exact time for whoever asks. */
import type { ReactNode } from 'react'
import { useNow } from '../state/use-now.ts'
import { useFormat } from '../words/words.tsx'

/** Sentences that say "3 minutes ago" need no second's precision. */
const TICK_MS = 10_000

export function Ago({ atMs }: { readonly atMs: number }): ReactNode {
  const format = useFormat()
  const now = useNow(TICK_MS)
  return (
    <time dateTime={new Date(atMs).toISOString()} title={format.dateTime(atMs)}>
      {format.ago(atMs, Math.max(now, atMs))}
    </time>
  )
}
