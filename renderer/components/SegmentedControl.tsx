/** One choice among a few that are all in sight. Radio buttons underneath: arrow keys move, one Tab stop. */
import { type ReactNode, useId } from 'react'
import { classNames } from './class-names.ts'

interface SegmentedControlProps<Value extends string> {
  /** Read out, not shown. */
  readonly label: string
  readonly value: Value
  readonly options: readonly { readonly value: Value; readonly label: string }[]
  readonly onChange: (value: Value) => void
}

export function SegmentedControl<Value extends string>(props: SegmentedControlProps<Value>): ReactNode {
  const { label, value: chosen, options, onChange } = props
  const name = useId()
  return (
    <fieldset className="inline-flex rounded-control border border-edge bg-raised p-0.5">
      <legend className="sr-only">{label}</legend>
      {options.map(({ value, label: text }) => (
        <label
          key={value}
          className={classNames(
            'cursor-pointer rounded-[5px] px-2.5 py-0.5 font-medium transition-colors has-focus-visible:outline-2 has-focus-visible:outline-offset-2 has-focus-visible:outline-accent',
            value === chosen ? 'bg-accent text-on-accent' : 'text-soft hover:text-ink',
          )}
        >
          <input
            type="radio"
            name={name}
            className="sr-only"
            checked={value === chosen}
            onChange={() => onChange(value)}
          />
          {text}
        </label>
      ))}
    </fieldset>
  )
}
