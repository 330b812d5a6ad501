/** The app's buttons: one look for each weight of a decision. */
import { LoaderCircle, type LucideIcon } from 'lucide-react'
import type { ComponentProps, ReactNode } from 'react'
import { classNames } from './class-names.ts'

export type ButtonKind = 'primary' | 'normal' | 'quiet' | 'danger'

const KINDS: Readonly<Record<ButtonKind, string>> = {
  primary: 'bg-accent text-on-accent enabled:hover:bg-accent-strong border-transparent',
  normal: 'bg-raised text-ink border-edge enabled:hover:bg-sunken',
  quiet: 'bg-transparent text-accent border-transparent enabled:hover:bg-accent/10',
  danger: 'bg-raised text-bad border-bad/60 enabled:hover:bg-bad/10',
}

interface ButtonProps extends Omit<ComponentProps<'button'>, 'className'> {
  readonly kind?: ButtonKind
  readonly icon?: LucideIcon
  /** Shows that it works and takes no second press, but keeps the focus. */
  readonly isBusy?: boolean
  readonly children: ReactNode
}

export function Button({
  kind = 'normal',
  icon: Icon,
  isBusy = false,
  children,
  onClick,
  ...rest
}: ButtonProps): ReactNode {
  return (
    <button
      type="button"
      {...rest}
      aria-busy={isBusy || undefined}
      onClick={isBusy ? undefined : onClick}
      className={classNames(
        'inline-flex min-h-8 items-center justify-center gap-1.5 rounded-control border px-3 py-1 text-sm font-medium transition-colors',
        'disabled:cursor-not-allowed disabled:opacity-50',
        KINDS[kind],
      )}
    >
      {isBusy ? (
        <LoaderCircle aria-hidden className="size-4 shrink-0 animate-spin" />
      ) : (
        Icon !== undefined && <Icon aria-hidden className="size-4 shrink-0" />
      )}
      <span>{children}</span>
    </button>
  )
}
