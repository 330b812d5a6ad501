/** Always there: whose window this is, and two lights that answer "is it the network, or is it Tor?". */
import { Globe, Waypoints, type LucideIcon } from 'lucide-react'
import type { ReactNode } from 'react'
import type { InternetLight, TorLight } from '../../electron/ipc/snapshot-connection.ts'
import { classNames } from '../components/class-names.ts'
import { useSnapshot } from '../state/store.ts'
import { useWords } from '../words/words.tsx'
import { Logo } from './Logo.tsx'

type Tone = 'off' | 'good' | 'working' | 'bad'

const INTERNET_TONES: Readonly<Record<InternetLight, Tone>> = { unknown: 'off', up: 'good', down: 'bad' }
const TOR_TONES: Readonly<Record<TorLight, Tone>> = {
  off: 'off',
  working: 'working',
  connected: 'good',
  trouble: 'bad',
}
const DOTS: Readonly<Record<Tone, string>> = {
  off: 'bg-transparent ring-2 ring-inset ring-edge',
  good: 'bg-good',
  working: 'bg-warn motion-safe:animate-pulse',
  bad: 'bg-bad',
}

export function Header(): ReactNode {
  const words = useWords()
  const internet = useSnapshot((snapshot) => snapshot.connection.internet)
  const tor = useSnapshot((snapshot) => snapshot.connection.tor)
  return (
    <header className="col-span-2 flex h-12 items-center justify-between gap-4 border-b border-line bg-raised ps-4 pe-4">
      <a
        href="#content"
        className="sr-only z-50 rounded-control bg-accent px-3 py-1.5 font-medium text-on-accent focus:not-sr-only focus:absolute focus:start-2 focus:top-2"
        onClick={(event) => {
          event.preventDefault()
          document.querySelector<HTMLElement>('#content')?.focus()
        }}
      >
        {words('app-skip')}
      </a>
      <span className="flex items-center gap-2 text-[0.9375rem] font-semibold tracking-tight">
        <Logo />
        {words('app-name')}
      </span>
      <dl aria-label={words('app-status')} className="flex items-center gap-5">
        <Light
          icon={Globe}
          name={words('app-light-internet')}
          state={words(`app-internet-${internet}`)}
          tone={INTERNET_TONES[internet]}
        />
        <Light
          icon={Waypoints}
          name={words('app-light-tor')}
          state={words(`app-tor-${tor}`)}
          tone={TOR_TONES[tor]}
        />
      </dl>
    </header>
  )
}

function Light({
  icon: Icon,
  name,
  state,
  tone,
}: {
  readonly icon: LucideIcon
  readonly name: string
  readonly state: string
  readonly tone: Tone
}): ReactNode {
  return (
    <div className="flex items-center gap-1.5" data-tone={tone}>
      <span aria-hidden className={classNames('size-2.5 shrink-0 rounded-full', DOTS[tone])} />
      <dt className="flex items-center gap-1.5 font-medium">
        <Icon aria-hidden className="hidden size-4 text-soft sm:block" />
        {name}
      </dt>
      <dd className="text-soft">{state}</dd>
    </div>
  )
}
