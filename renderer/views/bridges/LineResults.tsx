/** What the lines that were pasted come to: how many are good, and for each other one what is wrong with it. */
import { CircleCheck, CircleX } from 'lucide-react'
import type { ReactNode } from 'react'
import { useWords } from '../../words/words.tsx'
import type { BridgeCheck } from './use-bridge-check.ts'

/** Whoever pasted something else altogether needs no hundred lines to see it. */
const MAX_FAULTS = 6

export function LineResults({ check }: { readonly check: BridgeCheck }): ReactNode {
  const words = useWords()
  const faults = check.results.flatMap(({ lineNumber, fault }) =>
    fault === undefined ? [] : [{ lineNumber, fault }],
  )
  const good = check.results.length - faults.length
  return (
    <div
      aria-live="polite"
      aria-busy={check.isChecking}
      className="flex min-h-5 flex-col gap-1 text-[0.8125rem]"
    >
      {check.results.length > 0 && (
        <p className={good > 0 ? 'flex items-center gap-1.5 text-good' : 'text-soft'}>
          {good > 0 && <CircleCheck aria-hidden className="size-4 shrink-0" />}
          {words('bridges-add-good', { count: good })}
        </p>
      )}
      {faults.length > 0 && (
        <ul className="flex flex-col gap-0.5 text-bad">
          {faults.slice(0, MAX_FAULTS).map(({ lineNumber, fault }) => (
            <li key={lineNumber} className="flex items-start gap-1.5">
              <CircleX aria-hidden className="mt-px size-4 shrink-0" />
              {words('bridges-fault-line', { number: lineNumber, fault: words(`bridges-fault-${fault}`) })}
            </li>
          ))}
        </ul>
      )}
      {faults.length > MAX_FAULTS && (
        <p className="ps-5.5 text-bad">
          {words('bridges-fault-more', { count: faults.length - MAX_FAULTS })}
        </p>
      )}
    </div>
  )
}
