/** Every attempt as a row: which way, how far it came, why it stopped, what comes next. */
import { CircleCheck, CircleDashed, CircleSlash, CircleX, type LucideIcon, Pause } from 'lucide-react'
import { type ReactNode, useState } from 'react'
import type { AttemptOutcome, AttemptView } from '../../../electron/ipc/snapshot-connection.ts'
import { Button } from '../../components/Button.tsx'
import { Card } from '../../components/Card.tsx'
import { classNames } from '../../components/class-names.ts'
import { useErrorWords } from '../../components/ErrorNote.tsx'
import { useSnapshot } from '../../state/store.ts'
import { useFormat, useWords } from '../../words/words.tsx'
import { useWayWords } from '../ways/way-words.ts'
import { STEPS, stepNumber } from './state-look.ts'

/** The newest ones; the rest on request. */
const SHOWN_AT_FIRST = 3

const LOOKS: Readonly<Record<AttemptOutcome, { readonly icon: LucideIcon; readonly ink: string }>> = {
  running: { icon: CircleDashed, ink: 'text-accent' },
  connected: { icon: CircleCheck, ink: 'text-good' },
  cancelled: { icon: CircleSlash, ink: 'text-soft' },
  failed: { icon: CircleX, ink: 'text-bad' },
  stalled: { icon: Pause, ink: 'text-warn' },
}

export function Attempts(): ReactNode {
  const words = useWords()
  const attempts = useSnapshot((snapshot) => snapshot.connection.attempts)
  const [isWhole, setIsWhole] = useState(false)
  if (attempts.length === 0) return null
  const newest = [...attempts].reverse()
  const shown = isWhole ? newest : newest.slice(0, SHOWN_AT_FIRST)
  return (
    <Card title={words('connect-attempts')}>
      <ol className="flex flex-col divide-y divide-line">
        {shown.map((attempt) => (
          <Row key={attempt.id} attempt={attempt} />
        ))}
      </ol>
      {newest.length > SHOWN_AT_FIRST && (
        <div>
          <Button kind="quiet" aria-expanded={isWhole} onClick={() => setIsWhole(!isWhole)}>
            {isWhole
              ? words('connect-attempts-fewer')
              : words('connect-attempts-all', { count: newest.length })}
          </Button>
        </div>
      )}
    </Card>
  )
}

function Row({ attempt }: { readonly attempt: AttemptView }): ReactNode {
  const words = useWords()
  const format = useFormat()
  const errorWords = useErrorWords()
  const wayWords = useWayWords()
  const { outcome, way, step, percent, reason, next, nextWay, startedMs, endedMs } = attempt
  const { icon: Icon, ink } = LOOKS[outcome]
  const isDone = outcome === 'connected'
  return (
    <li data-outcome={outcome} className="flex items-start gap-2.5 py-2 first:pt-0 last:pb-0">
      <Icon aria-hidden className={classNames('mt-0.5 size-[1.125rem] shrink-0', ink)} />
      <div className="min-w-0 grow">
        <p className="flex flex-wrap items-baseline justify-between gap-x-3">
          <span>
            <span className="font-medium">{wayWords.name(way)}</span>{' '}
            {way.source !== undefined && way.source !== 'settings' && (
              <span className="text-xs text-soft">{wayWords.source(way.source)}</span>
            )}{' '}
            <span className={classNames('ms-1 text-[0.8125rem] font-medium', ink)}>
              {words(`connect-outcome-${outcome}`)}
            </span>
          </span>
          <span className="tabular text-[0.8125rem] text-soft">
            {format.time(startedMs)}
            {endedMs !== undefined &&
              ` · ${words('connect-took', { time: format.elapsed(endedMs - startedMs) })}`}
          </span>
        </p>
        {!isDone && (
          <p className="text-soft">
            {words('connect-came-to', {
              number: stepNumber(step),
              total: STEPS.length,
              name: words(`connect-step-${step}`),
              percent: format.percent(percent / 100),
            })}
          </p>
        )}
        {reason !== undefined && <p>{errorWords(reason.kind)}</p>}
        {next !== 'none' && (
          <p className="text-soft">
            {nextWay === undefined
              ? words(`connect-then-${next}`)
              : words('connect-then-next-way-named', { way: wayWords.short(nextWay) })}
          </p>
        )}
        {reason !== undefined && (
          <details className="mt-0.5 text-soft">
            <summary className="w-fit">{words('common-details')}</summary>
            <p className="copyable mt-1 font-mono text-xs break-words">{`${reason.kind}: ${reason.detail}`}</p>
          </details>
        )}
      </div>
    </li>
  )
}
