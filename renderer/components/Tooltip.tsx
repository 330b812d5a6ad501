/** A short name beside a control that shows only a picture. What is needed to understand the app is never only here. */
import { Tooltip as BaseTooltip } from '@base-ui/react/tooltip'
import type { ReactElement, ReactNode } from 'react'

interface TooltipProps {
  readonly text: string
  readonly side?: 'top' | 'bottom' | 'inline-end' | 'inline-start'
  /** One element that takes a ref. */
  readonly children: ReactElement<Record<string, unknown>>
  readonly isDisabled?: boolean
}

export function Tooltip({ text, side = 'bottom', children, isDisabled = false }: TooltipProps): ReactNode {
  return (
    <BaseTooltip.Root disabled={isDisabled}>
      <BaseTooltip.Trigger render={children} />
      <BaseTooltip.Portal>
        <BaseTooltip.Positioner side={side} sideOffset={6} className="z-50">
          <BaseTooltip.Popup
            aria-hidden
            className="max-w-64 rounded-control bg-ink px-2 py-1 text-xs font-medium text-surface shadow-card"
          >
            {text}
          </BaseTooltip.Popup>
        </BaseTooltip.Positioner>
      </BaseTooltip.Portal>
    </BaseTooltip.Root>
  )
}
