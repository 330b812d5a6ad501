/** How long ago something was, kept up to date, with the exact time for whoever asks. */
import type { ReactNode } from 'react'
import { useAgo } from '../words/use-ago.ts'
import { useFormat } from '../words/words.tsx'

export function Ago({ atMs }: { readonly atMs: number }): ReactNode {
  const format = useFormat()
  const ago = useAgo(atMs)
  return (
    <time dateTime={new Date(atMs).toISOString()} title={format.dateTime(atMs)}>
      {ago}
    </time>
  )
}
