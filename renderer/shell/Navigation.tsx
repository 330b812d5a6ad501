/** The eight views; on a narrow window only their pictures, with names as tooltips. */
import {
  Cable,
  Info,
  LayoutList,
  type LucideIcon,
  MonitorCog,
  Power,
  Route,
  ScrollText,
  Settings,
} from 'lucide-react'
import { type ReactNode, useSyncExternalStore } from 'react'
import type { ViewName } from '../../electron/ipc/contract.ts'
import { classNames } from '../components/class-names.ts'
import { Tooltip } from '../components/Tooltip.tsx'
import { showView } from '../state/navigation.ts'
import { useWords } from '../words/words.tsx'

const ENTRIES: readonly { readonly view: ViewName; readonly icon: LucideIcon }[] = [
  { view: 'connect', icon: Power },
  { view: 'circuits', icon: Route },
  { view: 'sites', icon: LayoutList },
  { view: 'bridges', icon: Cable },
  { view: 'system-proxy', icon: MonitorCog },
  { view: 'settings', icon: Settings },
  { view: 'logs', icon: ScrollText },
  { view: 'about', icon: Info },
]

/** As Tailwind's `lg`: from there on the names have room. */
const wide = window.matchMedia('(min-width: 64rem)')

function useIsWide(): boolean {
  return useSyncExternalStore(
    (changed) => {
      wide.addEventListener('change', changed)
      return () => wide.removeEventListener('change', changed)
    },
    () => wide.matches,
  )
}

export function Navigation({ view: shown }: { readonly view: ViewName }): ReactNode {
  const words = useWords()
  const isWide = useIsWide()
  return (
    <nav
      aria-label={words('app-navigation')}
      className="shrink-0 overflow-y-auto border-e border-line bg-raised p-2 lg:w-48"
    >
      <ul className="flex flex-col gap-1">
        {ENTRIES.map(({ view, icon: Icon }) => (
          <li key={view}>
            <Tooltip text={words(`app-view-${view}`)} side="inline-end" isDisabled={isWide}>
              <button
                type="button"
                data-view={view}
                aria-current={view === shown ? 'page' : undefined}
                onClick={() => showView(view)}
                className={classNames(
                  'flex h-10 w-full min-w-10 items-center gap-2.5 rounded-control px-2.5 text-start font-medium transition-colors max-lg:justify-center',
                  view === shown ? 'bg-accent/14 text-accent' : 'text-soft hover:bg-ink/6 hover:text-ink',
                )}
              >
                <Icon aria-hidden className="size-5 shrink-0" />
                <span className="max-lg:sr-only">{words(`app-view-${view}`)}</span>
              </button>
            </Tooltip>
          </li>
        ))}
      </ul>
    </nav>
  )
}
