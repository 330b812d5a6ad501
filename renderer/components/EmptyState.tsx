/** What a view says when it has nothing to show: why, and what to do about it. */
import type { LucideIcon } from 'lucide-react'
import type { ReactNode } from 'react'

interface EmptyStateProps {
  readonly icon: LucideIcon
  readonly title: string
  readonly about: ReactNode
  readonly action?: ReactNode
}

export function EmptyState({ icon: Icon, title, about, action }: EmptyStateProps): ReactNode {
  return (
    <div className="flex flex-col items-center gap-2 rounded-card border border-dashed border-line px-6 py-10 text-center">
      <Icon aria-hidden className="size-8 text-soft" />
      <p className="font-semibold">{title}</p>
      <p className="max-w-md text-soft">{about}</p>
      {action}
    </div>
  )
}
