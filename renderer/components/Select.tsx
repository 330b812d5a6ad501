/** A choice of one among several, with its name above it. */
import { Select as BaseSelect } from '@base-ui/react/select'
import { Check, ChevronsUpDown } from 'lucide-react'
import { type ReactNode, useId } from 'react'

export interface SelectOption<Value extends string> {
  readonly value: Value
  readonly label: string
  /** Shown before the label. */
  readonly picture?: ReactNode
  readonly isDisabled?: boolean
}

interface SelectProps<Value extends string> {
  readonly label: string
  readonly isLabelHidden?: boolean
  readonly about?: ReactNode
  readonly value: Value
  readonly options: readonly SelectOption<Value>[]
  readonly isDisabled?: boolean
  /** Takes no second choice, but keeps the focus, which Chromium takes from what is disabled. */
  readonly isBusy?: boolean
  /** What stands there while `value` is none of the options. */
  readonly placeholder?: string
  readonly onChange: (value: Value) => void
}

export function Select<Value extends string>(props: SelectProps<Value>): ReactNode {
  const {
    label,
    isLabelHidden = false,
    about,
    value,
    options,
    isDisabled = false,
    isBusy = false,
    placeholder,
    onChange,
  } = props
  const id = useId()
  const chosen = options.find((option) => option.value === value)
  return (
    <div className="flex min-w-0 flex-col gap-1">
      <span id={`${id}-label`} className={isLabelHidden ? 'sr-only' : 'font-medium'}>
        {label}
      </span>
      {about !== undefined && (
        <p id={`${id}-about`} className="max-w-prose text-soft">
          {about}
        </p>
      )}
      <BaseSelect.Root
        value={value}
        disabled={isDisabled}
        readOnly={isBusy}
        onValueChange={(next) => {
          if (next !== null) onChange(next)
        }}
      >
        <BaseSelect.Trigger
          aria-labelledby={`${id}-label ${id}-value`}
          aria-describedby={about === undefined ? undefined : `${id}-about`}
          aria-busy={isBusy || undefined}
          className="inline-flex min-h-8 w-fit min-w-40 max-w-full items-center justify-between gap-2 rounded-control border border-edge bg-raised px-3 py-1 text-start hover:bg-sunken data-[disabled]:opacity-50"
        >
          <span id={`${id}-value`} className="flex min-w-0 items-center gap-2 truncate">
            {chosen?.picture}
            {chosen?.label ?? placeholder}
          </span>
          <ChevronsUpDown aria-hidden className="size-4 shrink-0 text-soft" />
        </BaseSelect.Trigger>
        <BaseSelect.Portal>
          <BaseSelect.Positioner className="z-50" sideOffset={4} alignItemWithTrigger={false}>
            <BaseSelect.Popup className="max-h-[min(20rem,var(--available-height))] min-w-(--anchor-width) overflow-y-auto rounded-card border border-edge bg-raised p-1 text-ink shadow-lg">
              <BaseSelect.List aria-labelledby={`${id}-label`}>
                {options.map((option) => (
                  <Option key={option.value} option={option} />
                ))}
              </BaseSelect.List>
            </BaseSelect.Popup>
          </BaseSelect.Positioner>
        </BaseSelect.Portal>
      </BaseSelect.Root>
    </div>
  )
}

function Option({ option }: { readonly option: SelectOption<string> }): ReactNode {
  return (
    <BaseSelect.Item
      value={option.value}
      disabled={option.isDisabled ?? false}
      className="flex cursor-default items-center gap-2 rounded-control px-2 py-1.5 outline-none data-[disabled]:opacity-50 data-[highlighted]:bg-accent/15"
    >
      {option.picture}
      <BaseSelect.ItemText className="grow">{option.label}</BaseSelect.ItemText>
      <BaseSelect.ItemIndicator>
        <Check aria-hidden className="size-4 text-accent" />
      </BaseSelect.ItemIndicator>
    </BaseSelect.Item>
  )
}
