/** Which ways traffic takes now, on a map and as a list. */
import type { ReactNode } from 'react'
import { ViewHeader } from '../../components/ViewHeader.tsx'
import { useWords } from '../../words/words.tsx'

export function CircuitsView(): ReactNode {
  const words = useWords()
  return <ViewHeader title={words('circuits-title')} />
}
