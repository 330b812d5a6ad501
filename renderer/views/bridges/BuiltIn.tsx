/** The bridges that come with the app, by what their traffic looks like; those that this version cannot speak are announced. */
import { Check } from 'lucide-react'
import type { ReactNode } from 'react'
import type { BuiltInTransportView } from '../../../electron/ipc/snapshot-bridges.ts'
import { announce } from '../../components/announce.ts'
import { Button } from '../../components/Button.tsx'
import { Card } from '../../components/Card.tsx'
import { classNames } from '../../components/class-names.ts'
import { ErrorNote } from '../../components/ErrorNote.tsx'
import { useSnapshot } from '../../state/store.ts'
import { useCommand } from '../../state/use-command.ts'
import { dayOf } from '../../words/format.ts'
import { useFormat, useWords } from '../../words/words.tsx'
import { useTransportWords } from './transport-words.ts'

export function BuiltIn(): ReactNode {
  const words = useWords()
  const transportWords = useTransportWords()
  const builtIn = useSnapshot((snapshot) => snapshot.bridges.builtIn)
  const useBridges = useSnapshot((snapshot) => snapshot.settings.useBridges)
  const shippedDate = useSnapshot((snapshot) => snapshot.about.dataDates.bridges)
  const fetchedMs = useSnapshot((snapshot) => snapshot.lists.fetchedMs)
  const date = fetchedMs === undefined ? shippedDate : dayOf(fetchedMs)
  const format = useFormat()
  const choose = useCommand('bridges.choose-built-in')
  const change = useCommand('settings.change')
  const take = async (transport: string): Promise<void> => {
    const outcome = await choose.run(transport)
    // Whoever chooses bridges wants them used.
    if (outcome.ok && !useBridges) await change.run({ useBridges: true })
    if (outcome.ok) announce(words('bridges-built-in-chosen-now', { name: transportWords.name(transport) }))
  }
  const drop = async (): Promise<void> => {
    const outcome = await choose.run(null)
    if (outcome.ok) announce(words('bridges-built-in-none-now'))
  }
  if (builtIn.length === 0) return null
  return (
    <Card
      title={words('bridges-built-in')}
      about={words('bridges-built-in-hint', { date: format.day(date) })}
    >
      <ErrorNote error={choose.error ?? change.error} />
      <ul className="flex flex-col divide-y divide-line">
        {builtIn.map((kind) => (
          <Kind
            key={kind.transport}
            kind={kind}
            isBusy={choose.isRunning || change.isRunning}
            onChoose={() => void take(kind.transport)}
            onDrop={() => void drop()}
          />
        ))}
      </ul>
    </Card>
  )
}

interface KindProps {
  readonly kind: BuiltInTransportView
  readonly isBusy: boolean
  readonly onChoose: () => void
  readonly onDrop: () => void
}

function Kind({ kind, isBusy, onChoose, onDrop }: KindProps): ReactNode {
  const words = useWords()
  const transportWords = useTransportWords()
  const name = transportWords.name(kind.transport)
  return (
    <li className="flex items-center justify-between gap-4 py-2.5 first:pt-0 last:pb-0">
      <div className="min-w-0">
        <p className="flex flex-wrap items-baseline gap-x-2">
          <span className={classNames('font-medium', !kind.isAvailable && 'text-soft')}>{name}</span>
          {kind.isAvailable && (
            <span className="text-xs text-soft">
              {words('bridges-built-in-count', { count: kind.count })}
            </span>
          )}
          {kind.isChosen && (
            <span className="inline-flex items-baseline gap-1 text-xs font-medium text-good">
              <Check aria-hidden className="size-3.5 self-center" />
              {words('bridges-built-in-chosen')}
            </span>
          )}
        </p>
        <p className="max-w-prose text-soft">{transportWords.about(kind.transport)}</p>
      </div>
      {kind.isAvailable ? (
        <Button
          isBusy={isBusy}
          aria-label={words(kind.isChosen ? 'bridges-built-in-stop-name' : 'bridges-built-in-use-name', {
            name,
          })}
          onClick={kind.isChosen ? onDrop : onChoose}
        >
          {words(kind.isChosen ? 'bridges-built-in-stop' : 'bridges-built-in-use')}
        </Button>
      ) : (
        <span className="shrink-0 rounded-full border border-line px-2.5 py-0.5 text-xs text-soft">
          {words('bridges-built-in-coming')}
        </span>
      )}
    </li>
  )
}
