/** The four pictures by which two people see that they have the same bridge; read out by their names. */
import type { ReactNode } from 'react'
import { classNames } from '../../components/class-names.ts'
import { useFormat, useWordLookUp, useWords, type WordsFunction } from '../../words/words.tsx'
import { codeOfEmoji } from './emoji-code.ts'

function useEmojiNames(): (emoji: readonly string[]) => string[] {
  const words: (id: string) => string = useWords() as WordsFunction & ((id: string) => string)
  const lookUp = useWordLookUp()
  return (emoji) =>
    emoji.map((one) => {
      const id = lookUp(`bridge-emoji-${codeOfEmoji(one)}`)
      return id === undefined ? one : words(id)
    })
}

interface EmojiCheckProps {
  readonly emoji: readonly string[]
  /** Shows the names, too: for comparing over the telephone. */
  readonly hasNames?: boolean
}

export function EmojiCheck({ emoji, hasNames = false }: EmojiCheckProps): ReactNode {
  const words = useWords()
  const format = useFormat()
  const names = useEmojiNames()(emoji)
  return (
    <span className="inline-flex min-w-0 flex-wrap items-center gap-x-2">
      <span
        role="img"
        aria-label={words('bridges-emoji-label', { names: format.list(names) })}
        title={format.list(names)}
        className={classNames('inline-flex gap-1 leading-none', hasNames ? 'text-xl' : 'text-lg')}
      >
        {emoji.map((one, place) => (
          // Four places in order: an emoji may be there twice.
          <span key={place} aria-hidden>
            {one}
          </span>
        ))}
      </span>
      {hasNames && (
        <span aria-hidden className="text-xs text-soft">
          {format.list(names)}
        </span>
      )}
    </span>
  )
}
