/** Ways in for whoever cannot, or does not want to be seen to, reach the network directly. */
import type { ReactNode } from 'react'
import { ViewHeader } from '../../components/ViewHeader.tsx'
import { useWords } from '../../words/words.tsx'

export function BridgesView(): ReactNode {
  const words = useWords()
  return <ViewHeader title={words('bridges-title')} />
}
