/** A setting that is on or off, with its name and what it means, as one line. */
import { Switch as BaseSwitch } from '@base-ui/react/switch'
import { type ReactNode, useId } from 'react'
import { classNames } from './class-names.ts'

interface SwitchProps {
  readonly label: string
  /** Where what stands beside it says the name already. */
  readonly isLabelHidden?: boolean
  readonly about?: ReactNode
  readonly isOn: boolean
  readonly isDisabled?: boolean
  /** Takes no second press, but keeps the focus, which Chromium takes from what is disabled. */
  readonly isBusy?: boolean
  readonly onChange: (isOn: boolean) => void
}

export function Switch({
  label,
  isLabelHidden = false,
  about,
  isOn,
  isDisabled = false,
  isBusy = false,
  onChange,
}: SwitchProps): ReactNode {
  const id = useId()
  return (
    <div
      className={classNames(
        'flex justify-between gap-4',
        about === undefined ? 'items-center' : 'items-start',
      )}
    >
      <div className="min-w-0">
        <label id={`${id}-label`} htmlFor={id} className={isLabelHidden ? 'sr-only' : 'font-medium'}>
          {label}
        </label>
        {about !== undefined && (
          <p id={`${id}-about`} className="max-w-prose text-soft">
            {about}
          </p>
        )}
      </div>
      <BaseSwitch.Root
        id={id}
        nativeButton
        render={<button type="button" />}
        aria-labelledby={`${id}-label`}
        aria-describedby={about === undefined ? undefined : `${id}-about`}
        checked={isOn}
        disabled={isDisabled}
        readOnly={isBusy}
        aria-busy={isBusy || undefined}
        onCheckedChange={onChange}
        className="relative h-6 w-10 shrink-0 rounded-full border border-edge bg-sunken p-0 transition-colors data-[checked]:border-accent data-[checked]:bg-accent data-[disabled]:cursor-not-allowed data-[disabled]:opacity-50"
      >
        <BaseSwitch.Thumb className="absolute start-[3px] top-[3px] size-4 rounded-full bg-edge transition-transform data-[checked]:translate-x-4 data-[checked]:bg-on-accent rtl:data-[checked]:-translate-x-4" />
      </BaseSwitch.Root>
    </div>
  )
}
