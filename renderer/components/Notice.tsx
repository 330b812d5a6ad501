/** A remark that stays: information, a warning, trouble, or good news. */
import { CircleCheck, Info, type LucideIcon, OctagonAlert, TriangleAlert } from 'lucide-react'
import type { ReactNode } from 'react'
import { classNames } from './class-names.ts'

export type NoticeTone = 'info' | 'good' | 'warn' | 'bad'

const TONES: Readonly<
  Record<NoticeTone, { readonly icon: LucideIcon; readonly box: string; readonly ink: string }>
> = {
  info: { icon: Info, box: 'border-line bg-sunken', ink: 'text-soft' },
  good: { icon: CircleCheck, box: 'border-good/40 bg-good/8', ink: 'text-good' },
  warn: { icon: TriangleAlert, box: 'border-warn/50 bg-warn/8', ink: 'text-warn' },
  bad: { icon: OctagonAlert, box: 'border-bad/50 bg-bad/8', ink: 'text-bad' },
}

interface NoticeProps {
  readonly tone?: NoticeTone
  readonly title?: string
  readonly children?: ReactNode
  readonly action?: ReactNode
}

export function Notice({ tone = 'info', title, children, action }: NoticeProps): ReactNode {
  const { icon: Icon, box, ink } = TONES[tone]
  return (
    <div className={classNames('flex gap-2.5 rounded-control border px-3 py-2', box)}>
      <Icon aria-hidden className={classNames('mt-0.5 size-4 shrink-0', ink)} />
      <div className="flex min-w-0 grow flex-wrap items-start justify-between gap-2">
        <div className="min-w-0 max-w-prose">
          {title !== undefined && <p className="font-medium">{title}</p>}
          {children}
        </div>
        {action}
      </div>
    </div>
  )
}
