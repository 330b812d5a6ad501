/** The one switch between the direct way and bridges; held on where the person chose to hide that Tor is used. */
import type { ReactNode } from 'react'
import { Button } from '../../components/Button.tsx'
import { Card } from '../../components/Card.tsx'
import { ErrorNote } from '../../components/ErrorNote.tsx'
import { Notice } from '../../components/Notice.tsx'
import { Switch } from '../../components/Switch.tsx'
import { showView } from '../../state/navigation.ts'
import { useSnapshot } from '../../state/store.ts'
import { useCommand } from '../../state/use-command.ts'
import { useWords } from '../../words/words.tsx'
import { useNeedsBridge } from '../connect/state-words.ts'
import { isUsable } from './bridge-state.ts'

export function UseBridges(): ReactNode {
  const words = useWords()
  const isForced = useSnapshot((snapshot) => snapshot.settings.entry === 'hide')
  const isOn = useSnapshot((snapshot) => snapshot.settings.useBridges) || isForced
  const hasUsable = useSnapshot((snapshot) => snapshot.bridges.bridges.some(isUsable))
  const needsBridge = useNeedsBridge()
  const change = useCommand('settings.change')
  return (
    <Card>
      <Switch
        label={words('bridges-use')}
        about={isForced ? words('bridges-use-forced') : words('bridges-use-hint')}
        isOn={isOn}
        isDisabled={isForced}
        isBusy={change.isRunning}
        onChange={(useBridges) => void change.run({ useBridges })}
      />
      {isForced && (
        <div>
          <Button onClick={() => showView('settings')}>{words('bridges-open-settings')}</Button>
        </div>
      )}
      {isOn && !hasUsable && (
        <div role="status">
          {needsBridge ? (
            <Notice tone="warn">{words('bridges-none-usable')}</Notice>
          ) : (
            <Notice>{words('bridges-none-of-yours')}</Notice>
          )}
        </div>
      )}
      <ErrorNote error={change.error} />
    </Card>
  )
}
