/** How far the attempt is: step n of m in plain words, what is counted, and the time that has passed. */
import type { ReactNode } from 'react'
import { classNames } from '../../components/class-names.ts'
import { useNow } from '../../state/use-now.ts'
import { useSnapshot } from '../../state/store.ts'
import { useFormat, useWords } from '../../words/words.tsx'
import { STEPS, stepNumber } from './state-look.ts'
import { useStateLook } from './state-words.ts'

export function StepLine(): ReactNode {
  const words = useWords()
  const format = useFormat()
  const { look } = useStateLook()
  const { step, percent, progress, startedMs } = useSnapshot((snapshot) => snapshot.connection)
  const now = useNow(1_000, { isNeeded: startedMs !== undefined, fromMs: startedMs ?? 0 })
  const number = stepNumber(step)
  const name = words(`connect-step-${step}`)
  const count = words('connect-step', { number, total: STEPS.length, name })
  const color = look.tone === 'warn' ? 'bg-warn' : 'bg-accent'
  return (
    <div className="flex max-w-[34rem] flex-col gap-1.5 pt-0.5">
      <div
        role="progressbar"
        aria-label={words('connect-progress')}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={percent}
        aria-valuetext={`${format.percent(percent / 100)}. ${count}`}
        className="flex gap-1"
      >
        {STEPS.map((each) => (
          <span
            key={each}
            className={classNames(
              'h-1.5 grow rounded-full transition-colors',
              stepNumber(each) < number && color,
              stepNumber(each) === number && classNames(color, 'motion-safe:animate-pulse'),
              stepNumber(each) > number && 'bg-line',
            )}
          />
        ))}
      </div>
      <p className="flex flex-wrap justify-between gap-x-4 text-soft">
        <span>
          {count}
          {progress !== undefined && progress.total > 0 && (
            <span className="tabular">
              {` · ${words('connect-count', { done: format.number(progress.done), total: format.number(progress.total) })}`}
            </span>
          )}
        </span>
        {startedMs !== undefined && (
          <span className="tabular">
            <span className="sr-only">{words('connect-elapsed')} </span>
            {format.elapsed(now - startedMs)}
          </span>
        )}
      </p>
    </div>
  )
}
