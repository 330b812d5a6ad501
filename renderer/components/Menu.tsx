/** A button that opens a short list of things to do. */
import { Menu as BaseMenu } from '@base-ui/react/menu'
import type { LucideIcon } from 'lucide-react'
import type { ReactNode } from 'react'
import { classNames } from './class-names.ts'

export interface MenuEntry {
  readonly id: string
  readonly label: string
  readonly icon: LucideIcon
  readonly isDangerous?: boolean
  /** Why it cannot be done now; shown under the label. */
  readonly fault?: string | undefined
  readonly onChoose: () => void
}

interface MenuProps {
  /** Read out, not shown. */
  readonly label: string
  readonly icon: LucideIcon
  readonly entries: readonly MenuEntry[]
}

export function Menu({ label, icon: Icon, entries }: MenuProps): ReactNode {
  return (
    <BaseMenu.Root>
      <BaseMenu.Trigger
        aria-label={label}
        className="inline-flex size-8 shrink-0 items-center justify-center rounded-control text-soft transition-colors hover:bg-ink/8 hover:text-ink"
      >
        <Icon aria-hidden className="size-4" />
      </BaseMenu.Trigger>
      <BaseMenu.Portal>
        <BaseMenu.Positioner className="z-30" sideOffset={4} align="end">
          <BaseMenu.Popup className="max-h-(--available-height) w-64 overflow-y-auto rounded-card border border-line bg-raised p-1 text-ink shadow-lg">
            {entries.map((entry) => (
              <Entry key={entry.id} {...entry} />
            ))}
          </BaseMenu.Popup>
        </BaseMenu.Positioner>
      </BaseMenu.Portal>
    </BaseMenu.Root>
  )
}

function Entry({ label, icon: Icon, isDangerous = false, fault, onChoose }: MenuEntry): ReactNode {
  return (
    <BaseMenu.Item
      disabled={fault !== undefined}
      onClick={onChoose}
      className={classNames(
        'flex cursor-default items-start gap-2 rounded-control px-2 py-1.5 outline-none data-[highlighted]:bg-accent/15',
        isDangerous && 'text-bad',
      )}
    >
      <Icon
        aria-hidden
        className={classNames('mt-0.5 size-4 shrink-0', fault !== undefined && 'opacity-50')}
      />
      <span className="min-w-0">
        <span className={classNames('block', fault !== undefined && 'text-soft')}>{label}</span>
        {fault !== undefined && <span className="block text-xs text-soft">{fault}</span>}
      </span>
    </BaseMenu.Item>
  )
}
