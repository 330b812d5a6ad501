/** The list of countries as radio buttons: arrow keys move, letters are for the search field above it. */
import { type ReactNode, useEffect, useId, useRef } from 'react'
import { Flag } from '../../components/CountryName.tsx'
import { classNames } from '../../components/class-names.ts'
import { useFormat, useWords } from '../../words/words.tsx'
import type { CountryRow } from './country-rows.ts'

interface CountryListProps {
  readonly rows: readonly CountryRow[]
  /** Undefined is any country. */
  readonly chosen: string | undefined
  readonly onChoose: (country: string | undefined) => void
}

export function CountryList({ rows, chosen, onChoose }: CountryListProps): ReactNode {
  const words = useWords()
  const name = useId()
  return (
    <fieldset className="h-56 min-h-24 shrink overflow-y-auto rounded-control border border-edge">
      <legend className="sr-only">{words('sites-country-list')}</legend>
      <Row name={name} isChosen={chosen === undefined} onChoose={() => onChoose(undefined)}>
        <span className="flex min-w-0 flex-col">
          <span className="font-medium">{words('sites-country-any')}</span>
          <span className="text-xs text-soft">{words('sites-country-any-about')}</span>
        </span>
      </Row>
      {rows.map((row) => (
        <Row
          key={row.country}
          name={name}
          isChosen={row.country === chosen}
          isDisabled={row.exits === undefined}
          onChoose={() => onChoose(row.country)}
        >
          <Country row={row} />
        </Row>
      ))}
      {rows.length === 0 && <p className="px-3 py-2 text-soft">{words('sites-country-none-match')}</p>}
    </fieldset>
  )
}

function Country({ row }: { readonly row: CountryRow }): ReactNode {
  const words = useWords()
  const format = useFormat()
  return (
    <>
      <Flag country={row.country} />
      <span className="min-w-0 grow truncate">{row.name}</span>
      <span className="tabular flex shrink-0 items-center gap-3 text-xs text-soft">
        {row.exits === undefined ? (
          words('sites-country-no-exits')
        ) : (
          <>
            <span>{words('sites-country-exits', { count: row.exits.exits })}</span>
            <span className="w-28 text-end">
              {words('sites-country-share', { share: shareText(row.exits.share, format.percent) })}
            </span>
          </>
        )}
      </span>
    </>
  )
}

/** A share that is not 0 is never shown as 0. */
export function shareText(
  share: number,
  percent: (share: number, maximumFractionDigits?: number) => string,
): string {
  return share < 0.001 ? `< ${percent(0.001, 1)}` : percent(share, share < 0.1 ? 1 : 0)
}

interface RowProps {
  readonly name: string
  readonly isChosen: boolean
  readonly isDisabled?: boolean
  readonly onChoose: () => void
  readonly children: ReactNode
}

function Row({ name, isChosen, isDisabled = false, onChoose, children }: RowProps): ReactNode {
  const row = useRef<HTMLLabelElement>(null)
  useEffect(() => {
    // What is said about its cost takes room from the list: the choice itself stays in sight.
    if (isChosen) row.current?.scrollIntoView({ block: 'nearest' })
  }, [isChosen])
  return (
    <label
      ref={row}
      className={classNames(
        'flex items-center gap-2.5 px-3 py-1.5 has-focus-visible:bg-accent/15',
        isDisabled ? 'text-soft' : 'cursor-pointer hover:bg-ink/5',
        isChosen && 'bg-accent/10',
      )}
    >
      <input
        type="radio"
        name={name}
        className="size-4 shrink-0 accent-accent"
        checked={isChosen}
        disabled={isDisabled}
        onChange={onChoose}
      />
      {children}
    </label>
  )
}
