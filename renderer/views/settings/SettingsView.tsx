/** Everything that can be chosen. */
import type { ReactNode } from 'react'
import { ViewHeader } from '../../components/ViewHeader.tsx'
import { useWords } from '../../words/words.tsx'

export function SettingsView(): ReactNode {
  const words = useWords()
  return <ViewHeader title={words('settings-title')} />
}
