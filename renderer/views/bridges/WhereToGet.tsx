/** Where bridges can be had: addresses to copy, and no links, for opening one from here could give the person away. */
import { type ReactNode, useId } from 'react'
import { Card } from '../../components/Card.tsx'
import { CopyButton } from '../../components/CopyButton.tsx'
import { useWords } from '../../words/words.tsx'

const PLACES = [
  { id: 'web', address: 'https://bridges.torproject.org/' },
  { id: 'mail', address: 'bridges@torproject.org' },
  { id: 'telegram', address: '@GetBridgesBot' },
] as const

export function WhereToGet(): ReactNode {
  const words = useWords()
  const id = useId()
  return (
    <Card title={words('bridges-where')} about={words('bridges-where-hint')}>
      <dl className="flex flex-col gap-2">
        {PLACES.map((place) => (
          <div key={place.id} className="flex flex-wrap items-center justify-between gap-x-4">
            <dt id={`${id}-${place.id}`} className="text-soft">
              {words(`bridges-where-${place.id}`)}
            </dt>
            <dd className="flex items-center gap-1">
              <bdi dir="ltr" className="copyable font-mono text-xs">
                {place.address}
              </bdi>
              <CopyButton
                text={place.address}
                label={words('bridges-where-copy', { address: place.address })}
              />
            </dd>
          </div>
        ))}
      </dl>
      <p className="max-w-prose text-soft">{words('bridges-where-friend')}</p>
    </Card>
  )
}
