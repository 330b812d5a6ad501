/** One row for each site: its circuit, where it sees us, its rules. */
import type { ReactNode } from 'react'
import { ViewHeader } from '../../components/ViewHeader.tsx'
import { useWords } from '../../words/words.tsx'

export function SitesView(): ReactNode {
  const words = useWords()
  return <ViewHeader title={words('sites-title')} />
}
