/** What went wrong, in plain words by its kind, with the technical words behind a disclosure. */
import { TriangleAlert } from 'lucide-react'
import type { ReactNode } from 'react'
import type { CommandError } from '../../electron/ipc/contract.ts'
import { useWordLookUp, useWords, type WordsFunction } from '../words/words.tsx'

/** The plain words for an error kind; what has none gets those of an unknown error. */
export function useErrorWords(): (kind: string) => string {
  const words: (id: string) => string = useWords() as WordsFunction & ((id: string) => string)
  const lookUp = useWordLookUp()
  return (kind) => words(lookUp(`error-${kind}`) ?? 'error-unknown')
}

export function ErrorNote({ error }: { readonly error: CommandError | undefined }): ReactNode {
  const words = useWords()
  const errorWords = useErrorWords()
  if (error === undefined) return null
  return (
    <div role="alert" className="flex gap-2 rounded-control border border-bad/50 bg-bad/8 px-3 py-2">
      <TriangleAlert aria-hidden className="mt-0.5 size-4 shrink-0 text-bad" />
      <div className="min-w-0">
        <p className="font-medium">{errorWords(error.kind)}</p>
        <details className="mt-0.5 text-soft">
          <summary className="w-fit">{words('common-details')}</summary>
          <p className="copyable mt-1 break-words font-mono text-xs">{`${error.kind}: ${error.detail}`}</p>
        </details>
      </div>
    </div>
  )
}
