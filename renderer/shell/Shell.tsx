/** Header, navigation, banners and the view that is shown. */
import { type ReactNode, useEffect, useRef } from 'react'
import type { ViewName } from '../../electron/ipc/contract.ts'
import { useView } from '../state/navigation.ts'
import { AboutView } from '../views/about/AboutView.tsx'
import { BridgesView } from '../views/bridges/BridgesView.tsx'
import { CircuitsView } from '../views/circuits/CircuitsView.tsx'
import { ConnectView } from '../views/connect/ConnectView.tsx'
import { LogsView } from '../views/logs/LogsView.tsx'
import { SettingsView } from '../views/settings/SettingsView.tsx'
import { SitesView } from '../views/sites/SitesView.tsx'
import { SystemProxyView } from '../views/system-proxy/SystemProxyView.tsx'
import { FileTroubles, Strips } from './Banners.tsx'
import { Header } from './Header.tsx'
import { Navigation } from './Navigation.tsx'
import { StateAnnouncer } from './StateAnnouncer.tsx'

const VIEWS: Readonly<Record<ViewName, () => ReactNode>> = {
  connect: ConnectView,
  circuits: CircuitsView,
  sites: SitesView,
  bridges: BridgesView,
  'system-proxy': SystemProxyView,
  settings: SettingsView,
  logs: LogsView,
  about: AboutView,
}

export function Shell(): ReactNode {
  const view = useView()
  const View = VIEWS[view]
  const content = useRef<HTMLElement>(null)
  useEffect(() => {
    // Newer engines return a promise, which an effect may not.
    content.current?.scrollTo({ top: 0 })
  }, [view])
  return (
    <div className="flex h-dvh flex-col">
      <StateAnnouncer />
      <Header />
      <Strips />
      <div className="flex min-h-0 grow">
        <Navigation view={view} />
        <main
          ref={content}
          id="content"
          tabIndex={-1}
          data-view={view}
          className="relative min-w-0 grow overflow-y-auto outline-none"
        >
          <div className="flex min-h-full flex-col gap-4 p-4 lg:px-6 lg:py-5">
            <FileTroubles />
            <View key={view} />
          </div>
        </main>
      </div>
    </div>
  )
}
