/** What the app and the core report, and the bundle for whoever helps. */
import type { ReactNode } from 'react'
import { ViewHeader } from '../../components/ViewHeader.tsx'
import { useWords } from '../../words/words.tsx'

export function LogsView(): ReactNode {
  const words = useWords()
  return <ViewHeader title={words('logs-title')} />
}
