/** By which paths the bridge service was asked, and how each went. */
import type { ReactNode } from 'react'
import type { HelpTry } from '../../../electron/ipc/snapshot-ways.ts'
import { useErrorWords } from '../../components/ErrorNote.tsx'
import { useWords } from '../../words/words.tsx'

export function HelpTries({ tries }: { readonly tries: readonly HelpTry[] }): ReactNode {
  const words = useWords()
  const errorWords = useErrorWords()
  if (tries.length === 0) return null
  return (
    <ul className="flex flex-col text-soft">
      {tries.map(({ path, outcome, reason }) => (
        <li key={path} data-path={path} data-outcome={outcome}>
          {words(`help-path-${path}`)} {words(`help-try-${outcome}`)}
          {outcome === 'failed' && reason !== undefined && ` ${errorWords(reason.kind)}`}
        </li>
      ))}
    </ul>
  )
}
