/** What this program is made of. */
import type { ReactNode } from 'react'
import { ViewHeader } from '../../components/ViewHeader.tsx'
import { useWords } from '../../words/words.tsx'

export function AboutView(): ReactNode {
  const words = useWords()
  return <ViewHeader title={words('about-title')} />
}
