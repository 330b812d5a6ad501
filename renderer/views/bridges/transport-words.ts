/** A transport's name and its one sentence; one that has no words of its own is called what the bridge line calls it. */
import { useWordLookUp, useWords, type WordsFunction } from '../../words/words.tsx'

export interface TransportWords {
  readonly name: (transport: string) => string
  readonly about: (transport: string) => string
}

export function useTransportWords(): TransportWords {
  const words: (id: string) => string = useWords() as WordsFunction & ((id: string) => string)
  const lookUp = useWordLookUp()
  return {
    name(transport) {
      const id = lookUp(`bridges-transport-${transport}`)
      return id === undefined ? transport : words(id)
    },
    about: (transport) =>
      words(lookUp(`bridges-transport-${transport}-hint`) ?? 'bridges-transport-other-hint'),
  }
}
