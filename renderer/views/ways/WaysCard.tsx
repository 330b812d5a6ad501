/** The search as rows: which ways there are, how far each came and why it stopped, and which one comes next. */
import {
  Circle,
  CircleCheck,
  CircleX,
  Hourglass,
  LifeBuoy,
  LoaderCircle,
  type LucideIcon,
  SkipForward,
} from 'lucide-react'
import type { ReactNode } from 'react'
import type { AttemptView } from '../../../electron/ipc/snapshot-connection.ts'
import type { WayState, WayView } from '../../../electron/ipc/snapshot-ways.ts'
import { Ago } from '../../components/Ago.tsx'
import { Button } from '../../components/Button.tsx'
import { Card } from '../../components/Card.tsx'
import { classNames } from '../../components/class-names.ts'
import { ErrorNote, useErrorWords } from '../../components/ErrorNote.tsx'
import { useNow } from '../../state/use-now.ts'
import { useSnapshot } from '../../state/store.ts'
import { useCommand } from '../../state/use-command.ts'
import { useFormat, useWords } from '../../words/words.tsx'
import { STEPS, stepNumber } from '../connect/state-look.ts'
import { HelpTries } from './HelpTries.tsx'
import { isSearching, nextWayOf } from './search.ts'
import { useWayWords } from './way-words.ts'

const LOOKS: Readonly<Record<WayState, { readonly icon: LucideIcon; readonly ink: string }>> = {
  waiting: { icon: Circle, ink: 'text-soft' },
  running: { icon: LoaderCircle, ink: 'text-accent' },
  works: { icon: CircleCheck, ink: 'text-good' },
  stopped: { icon: CircleX, ink: 'text-bad' },
  cooling: { icon: Hourglass, ink: 'text-soft' },
}

export function WaysCard(): ReactNode {
  const words = useWords()
  const ways = useSnapshot((snapshot) => snapshot.ways)
  const skip = useCommand('ways.skip')
  if (!isSearching(ways)) return null
  const maySkip = ways.state === 'asking' || (ways.state === 'trying' && nextWayOf(ways) !== undefined)
  return (
    <Card
      title={words('ways-title')}
      about={words('ways-about')}
      actions={
        maySkip && (
          <Button icon={SkipForward} isBusy={skip.isRunning} onClick={() => void skip.run()}>
            {words('ways-skip')}
          </Button>
        )
      }
    >
      <ErrorNote error={skip.error} />
      <ol className="flex flex-col divide-y divide-line">
        {ways.ways.map((way) => (
          <Row key={way.id} way={way} />
        ))}
        <HelpRow />
      </ol>
    </Card>
  )
}

function Row({ way }: { readonly way: WayView }): ReactNode {
  const wayWords = useWayWords()
  const { icon: Icon, ink } = LOOKS[way.state]
  const isQuiet = way.state === 'waiting' || way.state === 'cooling'
  return (
    <li data-way={way.state} className="flex items-start gap-2.5 py-2 first:pt-0 last:pb-0">
      <Icon
        aria-hidden
        className={classNames(
          'mt-0.5 size-[1.125rem] shrink-0',
          ink,
          way.state === 'running' && 'motion-safe:animate-spin',
        )}
      />
      <div className="min-w-0 grow">
        <p className="flex flex-wrap items-baseline gap-x-2">
          <span className={isQuiet ? 'text-soft' : 'font-medium'}>{wayWords.name(way)}</span>
          <span className="text-xs text-soft">{wayWords.source(way.source)}</span>
        </p>
        <WayLine way={way} />
      </div>
    </li>
  )
}

/** How far it came, why it stopped, or what it waits for. */
function WayLine({ way }: { readonly way: WayView }): ReactNode {
  const words = useWords()
  const format = useFormat()
  const errorWords = useErrorWords()
  const attempts = useSnapshot((snapshot) => snapshot.connection.attempts)
  const now = useNow(1_000, { isNeeded: way.nextMs !== undefined })
  if (way.state === 'cooling' && way.nextMs !== undefined) {
    return <p className="text-soft">{words('ways-cooling', { time: format.elapsed(way.nextMs - now) })}</p>
  }
  if (way.state === 'waiting' || way.state === 'cooling')
    return <p className="text-soft">{words('ways-waiting')}</p>
  const attempt = attemptOf(way, attempts)
  return (
    <>
      {attempt !== undefined && way.state !== 'works' && (
        <p className="text-soft">
          {words(way.state === 'stopped' ? 'ways-stopped-at' : 'ways-step', {
            number: stepNumber(attempt.step),
            total: STEPS.length,
            name: words(`connect-step-${attempt.step}`),
          })}
        </p>
      )}
      {way.isBrief && way.state === 'running' && <p className="text-soft">{words('ways-brief')}</p>}
      {way.reason !== undefined && <p>{errorWords(way.reason.kind)}</p>}
      {way.state === 'works' && <p className="text-good">{words('ways-works')}</p>}
    </>
  )
}

/** The newest attempt that went this way. */
function attemptOf(way: WayView, attempts: readonly AttemptView[]): AttemptView | undefined {
  const ofThisWay = attempts.filter(({ way: tried }) => {
    if (tried.kind !== way.kind || (tried.source ?? 'settings') !== way.source) return false
    return tried.kind === 'direct' || tried.transports.join() === way.transports.join()
  })
  return ofThisWay.at(-1)
}

/** What the service said in this search, or why it could not help in it. */
function HelpRow(): ReactNode {
  const words = useWords()
  const { help, state, ways } = useSnapshot((snapshot) => snapshot.ways)
  const hasHelped = ways.some(({ source }) => source === 'help')
  const isToldHere =
    state === 'asking' || help.state === 'unreachable' || help.state === 'nothing' || hasHelped
  if (!isToldHere || help.state === 'never-asked') return null
  return (
    <li data-help={help.state} className="flex items-start gap-2.5 py-2 last:pb-0">
      <LifeBuoy aria-hidden className="mt-0.5 size-[1.125rem] shrink-0 text-soft" />
      <div className="min-w-0 grow">
        <p className="flex flex-wrap items-baseline gap-x-2">
          <span className="font-medium">{words('help-service')}</span>
          <span className="text-xs text-soft">{words(`help-state-${help.state}`)}</span>
          {help.askedMs !== undefined && state !== 'asking' && (
            <span className="text-xs text-soft">
              <Ago atMs={help.askedMs} />
            </span>
          )}
        </p>
        <HelpTries tries={help.tries} />
        {help.state === 'unreachable' && <p>{words('help-unreachable-about')}</p>}
      </div>
    </li>
  )
}
