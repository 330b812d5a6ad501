/** By which paths the bridge service was asked, and how each went. */
import type { ReactNode } from 'react'
import type { HelpTry } from '../../../electron/ipc/snapshot-ways.ts'
import { useErrorWords } from '../../components/ErrorNote.tsx'
import { useWordLookUp, useWords, type WordsFunction } from '../../words/words.tsx'

/** Of a service and not of a relay, as the words of errors have it. */
function useWhyWords(): (kind: string) => string {
  const words: (id: string) => string = useWords() as WordsFunction & ((id: string) => string)
  const lookUp = useWordLookUp()
  const errorWords = useErrorWords()
  return (kind) => {
    const id = lookUp(`help-why-${kind}`)
    return id === undefined ? errorWords(kind) : words(id)
  }
}

export function HelpTries({ tries }: { readonly tries: readonly HelpTry[] }): ReactNode {
  const words = useWords()
  const whyWords = useWhyWords()
  if (tries.length === 0) return null
  return (
    <ul className="flex flex-col text-soft">
      {tries.map(({ path, outcome, reason }) => (
        <li key={path} data-path={path} data-outcome={outcome}>
          {words(`help-path-${path}`)} {words(`help-try-${outcome}`)}
          {outcome === 'failed' && reason !== undefined && ` ${whyWords(reason.kind)}`}
        </li>
      ))}
    </ul>
  )
}
