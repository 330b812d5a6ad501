/** Always there: whose window this is, and two lights that answer "is it the network, or is it Tor?". */
import { Globe, Waypoints, type LucideIcon } from 'lucide-react'
import type { ReactNode } from 'react'
import type { InternetLight, TorLight } from '../../electron/ipc/snapshot-connection.ts'
import { classNames } from '../components/class-names.ts'
import { showView } from '../state/navigation.ts'
import { useSnapshot } from '../state/store.ts'
import { useWords } from '../words/words.tsx'
import type { Tone as StateTone } from '../views/connect/state-look.ts'
import { useStateLook, useStateWords } from '../views/connect/state-words.ts'
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
    <header className="flex h-12 shrink-0 items-center gap-4 border-b border-line bg-raised ps-4 pe-4">
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
      <span className="flex shrink-0 items-center gap-2 text-[0.9375rem] font-semibold tracking-tight">
        <Logo />
        {words('app-name')}
      </span>
      <StatePill />
      <dl aria-label={words('app-status')} className="ms-auto flex min-w-0 items-center gap-5">
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

const PILLS: Readonly<Record<StateTone, string>> = {
  idle: 'border-line text-soft',
  working: 'border-accent/50 text-accent',
  good: 'border-good/50 text-good',
  warn: 'border-warn/60 text-warn',
  bad: 'border-bad/50 text-bad',
}

/** The state in words, from everywhere; the way back to the big button. */
function StatePill(): ReactNode {
  const state = useSnapshot((snapshot) => snapshot.connection.state)
  const { headline } = useStateWords()
  const { look } = useStateLook()
  return (
    <button
      type="button"
      data-shown-state={state}
      onClick={() => showView('connect')}
      className={classNames(
        'min-w-0 shrink-[9] truncate rounded-full border px-2.5 py-0.5 text-[0.8125rem] font-medium hover:bg-ink/6',
        PILLS[look.tone],
      )}
    >
      {headline}
    </button>
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
    <div className="flex min-w-0 items-center gap-1.5" data-tone={tone}>
      <span aria-hidden className={classNames('size-2.5 shrink-0 rounded-full', DOTS[tone])} />
      <dt className="flex shrink-0 items-center gap-1.5 font-medium">
        <Icon aria-hidden className="hidden size-4 text-soft sm:block" />
        {name}
      </dt>
      <dd className="min-w-0 truncate text-soft">{state}</dd>
    </div>
  )
}
