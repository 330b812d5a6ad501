/** A button that shows only a picture; its name is read out and shown as a tooltip. */
import type { LucideIcon } from 'lucide-react'
import type { ComponentProps, ReactNode } from 'react'
import { classNames } from './class-names.ts'
import { Tooltip } from './Tooltip.tsx'

interface IconButtonProps extends Omit<ComponentProps<'button'>, 'className' | 'children' | 'title'> {
  readonly icon: LucideIcon
  readonly label: string
  /** For arrows and the like: mirrored where text runs from right to left. */
  readonly isDirectional?: boolean
}

export function IconButton({
  icon: Icon,
  label,
  isDirectional = false,
  ...rest
}: IconButtonProps): ReactNode {
  return (
    <Tooltip text={label}>
      <button
        type="button"
        {...rest}
        aria-label={label}
        className="inline-flex size-8 shrink-0 items-center justify-center rounded-control text-soft transition-colors enabled:hover:bg-ink/8 enabled:hover:text-ink disabled:opacity-50"
      >
        <Icon aria-hidden className={classNames('size-4', isDirectional && 'rtl:-scale-x-100')} />
      </button>
    </Tooltip>
  )
}
