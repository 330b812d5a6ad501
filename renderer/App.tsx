/** The app's frame: keeps the mirror, applies language and theme, and shows one view. */
import { CSPProvider } from '@base-ui/react/csp-provider'
import { DirectionProvider } from '@base-ui/react/direction-provider'
import { Tooltip } from '@base-ui/react/tooltip'
import { type ReactNode, useEffect, useLayoutEffect, useState } from 'react'
import type { CommandError } from '../electron/ipc/contract.ts'
import { onEvent } from './bridge.ts'
import { ErrorNote } from './components/ErrorNote.tsx'
import { LiveRegion } from './components/LiveRegion.tsx'
import { Shell } from './shell/Shell.tsx'
import { showView } from './state/navigation.ts'
import { useHasSnapshot, useSnapshot } from './state/store.ts'
import { startSync } from './state/sync.ts'
import { useLocale, useWords, WordsProvider } from './words/words.tsx'

/** So that moving the mouse over a row of pictures does not flicker with names. */
const TOOLTIP_DELAY_MS = 400

export function App(): ReactNode {
  const [trouble, setTrouble] = useState<CommandError | undefined>(undefined)
  useEffect(() => startSync(setTrouble), [])
  useEffect(() => onEvent('view.show', showView), [])
  return useHasSnapshot() ? <Ready /> : <Starting trouble={trouble} />
}

function Ready(): ReactNode {
  const theme = useSnapshot((snapshot) => snapshot.settings.theme)
  const language = useSnapshot((snapshot) => snapshot.settings.language)
  useLayoutEffect(() => {
    if (theme === 'system') delete document.documentElement.dataset['theme']
    else document.documentElement.dataset['theme'] = theme
  }, [theme])
  return (
    <WordsProvider language={language}>
      <Widgets>
        <Shell />
        <LiveRegion />
      </Widgets>
    </WordsProvider>
  )
}

/** What the widgets' library needs to know: the page allows no style elements, and which way text runs. */
function Widgets({ children }: { readonly children: ReactNode }): ReactNode {
  const { direction } = useLocale()
  return (
    <CSPProvider disableStyleElements>
      <DirectionProvider direction={direction}>
        <Tooltip.Provider delay={TOOLTIP_DELAY_MS}>{children}</Tooltip.Provider>
      </DirectionProvider>
    </CSPProvider>
  )
}

function Starting({ trouble }: { readonly trouble: CommandError | undefined }): ReactNode {
  const words = useWords()
  return (
    <main className="flex h-dvh flex-col items-center justify-center gap-4 p-6">
      <h1 className="text-xl font-semibold">{words('app-starting')}</h1>
      {trouble !== undefined && (
        <>
          <p className="max-w-prose text-soft">{words('app-starting-trouble')}</p>
          <ErrorNote error={trouble} />
        </>
      )}
    </main>
  )
}
