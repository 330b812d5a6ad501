/** Everything that can be chosen, in plain words; each choice is saved at once. */
import type { ReactNode } from 'react'
import { ViewHeader } from '../../components/ViewHeader.tsx'
import { useWords } from '../../words/words.tsx'
import { NetworkCard } from '../bridges/NetworkCard.tsx'
import { FindingCard } from '../ways/FindingCard.tsx'
import { Countries } from './Countries.tsx'
import { EntryCard, StartCard, WindowCard } from './General.tsx'
import { CheckAddress, ProxyPorts } from './ProxyPorts.tsx'

export function SettingsView(): ReactNode {
  const words = useWords()
  return (
    <div className="mx-auto flex w-full max-w-4xl flex-col gap-4">
      <ViewHeader title={words('settings-title')} about={words('settings-about')} />
      <EntryCard />
      <FindingCard />
      <StartCard />
      <WindowCard />
      <ProxyPorts />
      <NetworkCard />
      <Countries />
      <CheckAddress />
    </div>
  )
}
