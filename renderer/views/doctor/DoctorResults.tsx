/** The checks, done and to come: each with its verdict in plain words and the one thing to do about it. */
import {
  Circle,
  CircleCheck,
  CircleHelp,
  CircleMinus,
  CircleX,
  LoaderCircle,
  type LucideIcon,
} from 'lucide-react'
import type { ReactNode } from 'react'
import type {
  DoctorCheck,
  DoctorResult,
  DoctorVerdict,
  DoctorView,
} from '../../../electron/ipc/snapshot-doctor.ts'
import { Ago } from '../../components/Ago.tsx'
import { classNames } from '../../components/class-names.ts'
import { useWords } from '../../words/words.tsx'
import { DoctorFixLine } from './DoctorFixLine.tsx'
import { useResultWords, useSummary } from './doctor-words.ts'

const LOOKS: Readonly<Record<DoctorVerdict, { readonly icon: LucideIcon; readonly ink: string }>> = {
  good: { icon: CircleCheck, ink: 'text-good' },
  bad: { icon: CircleX, ink: 'text-bad' },
  unknown: { icon: CircleHelp, ink: 'text-warn' },
  'not-asked': { icon: CircleMinus, ink: 'text-soft' },
  'not-used': { icon: CircleMinus, ink: 'text-soft' },
}

interface DoctorResultsProps {
  readonly doctor: DoctorView
  /** A fix leads to another view. */
  readonly onLeave: () => void
}

export function DoctorResults({ doctor, onLeave }: DoctorResultsProps): ReactNode {
  const words = useWords()
  const summary = useSummary(doctor)
  const { results, running, ranAtMs, plan } = doctor
  const done = new Set(results.map(({ check }) => check))
  // While it runs, in the order of asking; then what is in the way comes first.
  const isInTheWay = ({ verdict }: DoctorResult): boolean => verdict === 'bad' && !doctor.isRunning
  const shown = [...results.filter(isInTheWay), ...results.filter((result) => !isInTheWay(result))]
  return (
    <>
      <p role="status" className="flex flex-wrap items-baseline gap-x-2">
        <span className="font-medium">
          {running === undefined
            ? summary
            : words('doctor-running', { check: words(`doctor-check-${running}`) })}
        </span>
        {ranAtMs !== undefined && (
          <span className="text-xs text-soft">
            <Ago atMs={ranAtMs} />
          </span>
        )}
      </p>
      <ul aria-label={words('doctor-results')} className="flex flex-col divide-y divide-line">
        {shown.map((result) => (
          <Row key={result.check} result={result} onLeave={onLeave} />
        ))}
        {doctor.isRunning &&
          plan
            .filter(({ check }) => !done.has(check))
            .map(({ check }) => <Waiting key={check} check={check} isRunning={check === running} />)}
      </ul>
    </>
  )
}

function Row({
  result,
  onLeave,
}: {
  readonly result: DoctorResult
  readonly onLeave: () => void
}): ReactNode {
  const words = useWords()
  const about = useResultWords()(result)
  const { check, verdict } = result
  const { icon: Icon, ink } = LOOKS[verdict]
  return (
    <li data-check={check} data-verdict={verdict} className="flex items-start gap-2.5 py-1.5">
      <Icon aria-hidden className={classNames('mt-0.5 size-[1.125rem] shrink-0', ink)} />
      <div className="min-w-0 grow">
        <p className="flex flex-wrap items-baseline gap-x-2">
          <span className="font-medium">{words(`doctor-check-${check}`)}</span>
          <span className={classNames('text-xs font-medium', ink)}>{words(`doctor-verdict-${verdict}`)}</span>
        </p>
        <p className={verdict === 'bad' ? undefined : 'text-soft'}>{about}</p>
        <DoctorFixLine result={result} onLeave={onLeave} />
      </div>
    </li>
  )
}

function Waiting({
  check,
  isRunning,
}: {
  readonly check: DoctorCheck
  readonly isRunning: boolean
}): ReactNode {
  const words = useWords()
  const Icon = isRunning ? LoaderCircle : Circle
  return (
    <li className="flex items-center gap-2.5 py-1.5 text-soft">
      <Icon
        aria-hidden
        className={classNames(
          'size-[1.125rem] shrink-0',
          isRunning && 'text-accent motion-safe:animate-spin',
        )}
      />
      {words(`doctor-check-${check}`)}
    </li>
  )
}
