/** What programs may still reach directly while the system proxy is on. */
import type { ReactNode } from 'react'
import { Card } from '../../components/Card.tsx'
import { ErrorNote } from '../../components/ErrorNote.tsx'
import { Switch } from '../../components/Switch.tsx'
import { useSnapshot } from '../../state/store.ts'
import { useCommand } from '../../state/use-command.ts'
import { useWords } from '../../words/words.tsx'

export function Exceptions(): ReactNode {
  const words = useWords()
  const exceptions = useSnapshot((snapshot) => snapshot.settings.proxyExceptions)
  const change = useCommand('settings.change')
  return (
    <Card title={words('system-proxy-exceptions')} about={words('system-proxy-exceptions-about')}>
      {(['loopback', 'lan'] as const).map((which) => (
        <Switch
          key={which}
          label={words(`system-proxy-${which}`)}
          about={words(`system-proxy-${which}-about`)}
          isOn={exceptions[which]}
          isBusy={change.isRunning}
          onChange={(isOn) => void change.run({ proxyExceptions: { ...exceptions, [which]: isOn } })}
        />
      ))}
      <ErrorNote error={change.error} />
    </Card>
  )
}
