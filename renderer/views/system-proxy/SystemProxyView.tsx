/** Whether the programs of this computer use Allium, and how to bring the others to it. */
import type { ReactNode } from 'react'
import { ViewHeader } from '../../components/ViewHeader.tsx'
import { useWords } from '../../words/words.tsx'

export function SystemProxyView(): ReactNode {
  const words = useWords()
  return <ViewHeader title={words('system-proxy-title')} />
}
