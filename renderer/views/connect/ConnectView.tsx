/** The one big button. */
import type { ReactNode } from 'react'
import { ViewHeader } from '../../components/ViewHeader.tsx'
import { useWords } from '../../words/words.tsx'

export function ConnectView(): ReactNode {
  const words = useWords()
  return <ViewHeader title={words('connect-title')} />
}
