/** The ports on which programs of this computer find Allium, and the address that the protection check asks. */
import type { ReactNode } from 'react'
import { Card } from '../../components/Card.tsx'
import { ErrorNote } from '../../components/ErrorNote.tsx'
import { Notice } from '../../components/Notice.tsx'
import { useSnapshot } from '../../state/store.ts'
import { useCommand } from '../../state/use-command.ts'
import { useWords } from '../../words/words.tsx'
import { isCheckAddress, portFault } from './checks.ts'
import { DraftField } from './DraftField.tsx'

export function ProxyPorts(): ReactNode {
  const words = useWords()
  const socksPort = useSnapshot((snapshot) => snapshot.settings.socksPort)
  const httpPort = useSnapshot((snapshot) => snapshot.settings.httpPort)
  const trouble = useSnapshot((snapshot) => snapshot.proxies.trouble)
  const change = useCommand('settings.change')
  const checkAgainst = (other: number) => (text: string) => {
    const fault = portFault(text, other)
    return fault === undefined ? undefined : words(`settings-${fault}`)
  }
  return (
    <Card title={words('settings-ports')} about={words('settings-ports-about')}>
      <div className="grid gap-3 sm:grid-cols-2">
        <DraftField
          label={words('settings-socks-port')}
          value={String(socksPort)}
          inputMode="numeric"
          check={checkAgainst(httpPort)}
          onSave={(text) => void change.run({ socksPort: Number(text) })}
        />
        <DraftField
          label={words('settings-http-port')}
          value={String(httpPort)}
          inputMode="numeric"
          check={checkAgainst(socksPort)}
          onSave={(text) => void change.run({ httpPort: Number(text) })}
        />
      </div>
      {trouble !== undefined && (
        <Notice tone="bad">{words('settings-port-trouble', { port: String(trouble.port) })}</Notice>
      )}
      <ErrorNote error={change.error} />
    </Card>
  )
}

export function CheckAddress(): ReactNode {
  const words = useWords()
  const checkUrl = useSnapshot((snapshot) => snapshot.settings.checkUrl)
  const change = useCommand('settings.change')
  return (
    <Card title={words('settings-check')} about={words('settings-check-about')}>
      <DraftField
        label={words('settings-check-address')}
        value={checkUrl}
        inputMode="url"
        check={(text) => (isCheckAddress(text) ? undefined : words('settings-not-https'))}
        onSave={(text) => void change.run({ checkUrl: text })}
      />
      <ErrorNote error={change.error} />
    </Card>
  )
}
