/** The heart of the app: one big button, the state in plain words, and what protects the person now. */
import type { ReactNode } from 'react'
import { useSnapshot } from '../../state/store.ts'
import { FirstRun } from '../first-run/FirstRun.tsx'
import { Protection } from '../system-proxy/Protection.tsx'
import { FoundWay } from '../ways/FoundWay.tsx'
import { WaysCard } from '../ways/WaysCard.tsx'
import { isSearching } from '../ways/search.ts'
import { Attempts } from './Attempts.tsx'
import { Facts } from './Facts.tsx'
import { Hero } from './Hero.tsx'
import { isInTrouble } from './state-look.ts'
import { Switches } from './Switches.tsx'

export function ConnectView(): ReactNode {
  const isUnasked = useSnapshot((snapshot) => snapshot.settings.entry === 'unasked')
  return isUnasked ? <FirstRun /> : <Connection />
}

function Connection(): ReactNode {
  const state = useSnapshot((snapshot) => snapshot.connection.state)
  const isUp = state === 'connected' || state === 'proxy-not-applied' || state === 'degraded'
  const isSearched = useSnapshot((snapshot) => isSearching(snapshot.ways))
  // In trouble the attempts say why; else they are history and come last.
  const isAttemptsFirst = isInTrouble(state) && !isUp && !isSearched
  return (
    <div className="mx-auto flex w-full max-w-4xl flex-col gap-4">
      <div className="py-2 [@media(min-height:42rem)]:py-8">
        <Hero />
      </div>
      <WaysCard />
      {isUp && <FoundWay />}
      {isUp && <Facts />}
      {isAttemptsFirst && <Attempts />}
      <Switches />
      {isUp && <Protection />}
      {!isAttemptsFirst && <Attempts />}
    </div>
  )
}
