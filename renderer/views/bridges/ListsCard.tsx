/** How current the lists are that everybody has, and how they become so: through Tor, by themselves or now. */
import { RefreshCw } from 'lucide-react'
import type { ReactNode } from 'react'
import { announce } from '../../components/announce.ts'
import { Button } from '../../components/Button.tsx'
import { Card } from '../../components/Card.tsx'
import { ErrorNote, useErrorWords } from '../../components/ErrorNote.tsx'
import { Switch } from '../../components/Switch.tsx'
import { useSnapshot } from '../../state/store.ts'
import { useCommand } from '../../state/use-command.ts'
import { dayOf } from '../../words/format.ts'
import { useFormat, useWords } from '../../words/words.tsx'

export function ListsCard(): ReactNode {
  const words = useWords()
  const isAvailable = useSnapshot((snapshot) => snapshot.lists.isAvailable)
  const isOn = useSnapshot((snapshot) => snapshot.settings.refreshesLists)
  const change = useCommand('settings.change')
  if (!isAvailable) return null
  return (
    <Card title={words('lists-title')}>
      <Now />
      <Switch
        label={words('lists-by-itself')}
        about={words('lists-by-itself-about')}
        isOn={isOn}
        isBusy={change.isRunning}
        onChange={(refreshesLists) => void change.run({ refreshesLists })}
      />
      <ErrorNote error={change.error} />
    </Card>
  )
}

/** What there is, and the button that fetches what is newer. */
function Now(): ReactNode {
  const words = useWords()
  const errorWords = useErrorWords()
  const { isFetching, reason } = useSnapshot((snapshot) => snapshot.lists)
  const isConnected = useSnapshot((snapshot) => snapshot.connection.tor === 'connected')
  const refresh = useCommand('lists.refresh')
  const run = async (): Promise<void> => {
    const outcome = await refresh.run()
    if (outcome.ok) announce(words('lists-refreshed'))
  }
  return (
    <>
      <div className="flex flex-wrap items-center justify-between gap-3">
        <div className="min-w-0 grow basis-64">
          <p className="max-w-prose">
            <Age />
          </p>
          {!isConnected && <p className="text-soft">{words('lists-need-connection')}</p>}
        </div>
        <Button
          icon={RefreshCw}
          isBusy={isFetching || refresh.isRunning}
          disabled={!isConnected}
          onClick={() => void run()}
        >
          {words('lists-refresh')}
        </Button>
      </div>
      {reason !== undefined && !isFetching && refresh.error === undefined && (
        <p className="text-soft" data-lists="failed">
          {words('lists-failed')} {errorWords(reason.kind)}
        </p>
      )}
      <ErrorNote error={refresh.error} />
    </>
  )
}

function Age(): ReactNode {
  const words = useWords()
  const format = useFormat()
  const { fetchedMs, addedBridges } = useSnapshot((snapshot) => snapshot.lists)
  const bridges = useSnapshot((snapshot) => snapshot.about.dataDates.bridges)
  const map = useSnapshot((snapshot) => snapshot.ways.map.date)
  return fetchedMs === undefined
    ? words('lists-shipped', { bridges: format.day(bridges), map: format.day(map) })
    : words('lists-fetched', { day: format.day(dayOf(fetchedMs)), count: addedBridges })
}
