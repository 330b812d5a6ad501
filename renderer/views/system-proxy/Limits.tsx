/** What a proxy setting cannot do, said before somebody relies on it. */
import { ArrowUpRight, Fingerprint, Lock, type LucideIcon, Video } from 'lucide-react'
import type { ReactNode } from 'react'
import { Card } from '../../components/Card.tsx'
import { classNames } from '../../components/class-names.ts'
import { useWords } from '../../words/words.tsx'

const LIMITS: readonly { readonly id: 'follow' | 'udp' | 'closed' | 'browser'; readonly icon: LucideIcon }[] =
  [
    { id: 'follow', icon: ArrowUpRight },
    { id: 'udp', icon: Video },
    { id: 'browser', icon: Fingerprint },
    { id: 'closed', icon: Lock },
  ]

export function Limits(): ReactNode {
  const words = useWords()
  return (
    <Card title={words('system-proxy-limits')}>
      <ul className="grid grid-cols-[repeat(auto-fit,minmax(min(20rem,100%),1fr))] gap-x-6 gap-y-2.5">
        {LIMITS.map(({ id, icon: Icon }) => (
          <li key={id} className="flex items-start gap-2.5">
            <Icon
              aria-hidden
              className={classNames(
                'mt-0.5 size-4 shrink-0 rtl:-scale-x-100',
                id === 'closed' ? 'text-good' : 'text-warn',
              )}
            />
            <span className="max-w-prose">{words(`system-proxy-limits-${id}`)}</span>
          </li>
        ))}
      </ul>
    </Card>
  )
}
