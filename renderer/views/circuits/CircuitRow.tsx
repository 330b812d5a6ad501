/**
 * One row of the list, a circuit or a set of them: in short, and opened with its hops and what can be done with it. A set
 * is one thing to a person: it carries one traffic, and is closed as a whole.
 */
import { ArrowDown, ArrowUp, ChevronRight } from 'lucide-react'
import { Fragment, memo, type ReactNode, useEffect, useId, useRef } from 'react'
import type { CircuitView } from '../../../electron/ipc/snapshot-circuits.ts'
import { classNames } from '../../components/class-names.ts'
import { useFormat, useWords } from '../../words/words.tsx'
import { CircuitActions } from './CircuitActions.tsx'
import { furthestBehind, type Ways } from './circuit-groups.ts'
import { aboutText, circuitName, stateText, type StateWord, stateWord } from './circuit-words.ts'
import { CircuitWay } from './CircuitWay.tsx'
import { HopList } from './HopList.tsx'
import { selectCircuit } from './selection.ts'

interface CircuitRowProps {
  readonly ways: Ways
  readonly ownCountry: string | undefined
  readonly isSelected: boolean
  readonly age: string
}

const STATES: Readonly<Record<StateWord, string>> = {
  building: 'text-accent',
  waiting: 'text-soft',
  open: 'text-good',
  retired: 'text-warn',
  closed: 'text-soft',
}

export const CircuitRow = memo(function CircuitRow(props: CircuitRowProps): ReactNode {
  const { ways, ownCountry, isSelected, age } = props
  const [circuit] = ways
  const id = useId()
  const words = useWords()
  const row = useRef<HTMLLIElement>(null)
  useEffect(() => {
    if (isSelected) row.current?.scrollIntoView({ block: 'nearest' })
  }, [isSelected])
  return (
    <li
      ref={row}
      data-testid="circuit"
      className={classNames(
        'scroll-m-4 rounded-card border bg-raised shadow-card transition-colors',
        isSelected ? 'border-accent' : 'border-line',
      )}
    >
      <button
        type="button"
        aria-expanded={isSelected}
        aria-controls={isSelected ? `${id}-details` : undefined}
        className="flex w-full items-start gap-2 rounded-card px-3 py-2 text-start hover:bg-ink/4"
        onClick={() => selectCircuit(isSelected ? undefined : circuit.id)}
      >
        <ChevronRight
          aria-hidden
          className={classNames(
            'mt-0.5 size-4 shrink-0 text-soft transition-transform',
            isSelected ? 'rotate-90' : 'rtl:-scale-x-100',
          )}
        />
        <Summary ways={ways} age={age} />
      </button>
      {isSelected && (
        <div id={`${id}-details`} className="flex flex-col gap-2 border-t border-line px-3 pt-2 pb-3">
          <p className="text-xs text-soft">{aboutText(furthestBehind(ways), words)}</p>
          {ways.length > 1 && (
            <p className="text-xs text-soft">{words('circuits-set-about', { count: ways.length })}</p>
          )}
          {ways.map((way, index) => (
            <Fragment key={way.id}>
              {ways.length > 1 && (
                <h3 className="text-xs font-semibold">
                  {words('circuits-set-way', { number: String(index + 1) })}
                </h3>
              )}
              <HopList circuit={way} ownCountry={ownCountry} />
            </Fragment>
          ))}
          <CircuitActions ways={ways} age={age} />
        </div>
      )}
    </li>
  )
}, isSameRow)

/** The list of ways is made anew with each event, and the ways in it mostly are not. */
function isSameRow(before: CircuitRowProps, next: CircuitRowProps): boolean {
  return (
    before.ownCountry === next.ownCountry &&
    before.isSelected === next.isSelected &&
    before.age === next.age &&
    before.ways.length === next.ways.length &&
    before.ways.every((way, index) => way === next.ways[index])
  )
}

function Summary({ ways, age }: { readonly ways: Ways; readonly age: string }): ReactNode {
  const words = useWords()
  const format = useFormat()
  const [circuit] = ways
  const behind = furthestBehind(ways)
  return (
    <span className="flex min-w-0 grow flex-col gap-0.5">
      <span className="flex items-baseline justify-between gap-2">
        <span className="truncate font-medium">{circuitName(behind, words, format)}</span>
        <span className={classNames('shrink-0 text-xs font-medium', STATES[stateWord(behind)])}>
          {stateText(behind, words)}
        </span>
      </span>
      <span className="flex items-center justify-between gap-3 text-xs text-soft">
        <span className="flex flex-col gap-0.5">
          {ways.map((way) => (
            <CircuitWay key={way.id} circuit={way} />
          ))}
        </span>
        <span className="tabular shrink-0">
          <span aria-hidden>{age}</span>
          <span className="sr-only">{words('circuits-age', { age })}</span>
        </span>
      </span>
      {ways.length > 1 && (
        <span className="text-xs text-soft">{words('circuits-set', { count: ways.length })}</span>
      )}
      {circuit.streams + circuit.readBytes + circuit.writtenBytes > 0 && (
        <span className="tabular flex items-center justify-between gap-3 text-xs text-soft">
          <span>{words('circuits-streams', { count: circuit.streams })}</span>
          {circuit.readBytes + circuit.writtenBytes > 0 && <Bytes circuit={circuit} />}
        </span>
      )}
    </span>
  )
}

function Bytes({ circuit }: { readonly circuit: CircuitView }): ReactNode {
  const words = useWords()
  const format = useFormat()
  const down = format.bytes(circuit.readBytes)
  const up = format.bytes(circuit.writtenBytes)
  return (
    <span>
      <span aria-hidden className="inline-flex items-center gap-0.5">
        <ArrowDown className="size-3" />
        {down}
        <ArrowUp className="ms-1 size-3" />
        {up}
      </span>
      <span className="sr-only">{words('circuits-traffic', { down, up })}</span>
    </span>
  )
}
