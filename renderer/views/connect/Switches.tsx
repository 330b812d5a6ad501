/** The two switches that belong beside the big button: the system proxy, and connecting without being asked. */
import type { ReactNode } from 'react'
import { Button } from '../../components/Button.tsx'
import { Card } from '../../components/Card.tsx'
import { ErrorNote } from '../../components/ErrorNote.tsx'
import { Switch } from '../../components/Switch.tsx'
import { showView } from '../../state/navigation.ts'
import { useSnapshot } from '../../state/store.ts'
import { useCommand } from '../../state/use-command.ts'
import { useWords } from '../../words/words.tsx'
import { shownState } from '../system-proxy/proxy-state.ts'

export function Switches(): ReactNode {
  return (
    <Card>
      <SystemProxySwitch />
      <ConnectAtStart />
    </Card>
  )
}

function SystemProxySwitch(): ReactNode {
  const words = useWords()
  const view = useSnapshot((snapshot) => snapshot.systemProxy)
  const set = useCommand('system-proxy.set')
  if (view.backend === undefined) {
    return (
      <div className="flex flex-wrap items-start justify-between gap-3">
        <div className="min-w-0 grow basis-64">
          <p className="font-medium">{words('connect-system-proxy')}</p>
          <p className="max-w-prose text-soft">{words('connect-system-proxy-unsupported')}</p>
        </div>
        <Button onClick={() => showView('system-proxy')}>{words('connect-system-proxy-addresses')}</Button>
      </div>
    )
  }
  return (
    <>
      <Switch
        label={words('connect-system-proxy')}
        about={
          <>
            {words('connect-system-proxy-about')}
            {view.isWanted && (
              <span className="block font-medium text-ink" data-proxy-state={shownState(view)}>
                {words(`system-proxy-state-${shownState(view)}`)}
              </span>
            )}
          </>
        }
        isOn={view.isWanted}
        isBusy={set.isRunning}
        onChange={(isOn) => void set.run(isOn)}
      />
      <ErrorNote error={set.error} />
    </>
  )
}

/** Only after a first success: an app that fails by itself at each start would be in the way. */
export function ConnectAtStart(): ReactNode {
  const words = useWords()
  const isOn = useSnapshot((snapshot) => snapshot.settings.connectAtStart)
  const isAllowed = useSnapshot((snapshot) => snapshot.connection.hasConnectedBefore)
  const change = useCommand('settings.change')
  return (
    <>
      <Switch
        label={words('connect-at-start')}
        about={words(isAllowed ? 'connect-at-start-about' : 'connect-at-start-later')}
        isOn={isOn}
        isDisabled={!isAllowed && !isOn}
        isBusy={change.isRunning}
        onChange={(connectAtStart) => void change.run({ connectAtStart })}
      />
      <ErrorNote error={change.error} />
    </>
  )
}
