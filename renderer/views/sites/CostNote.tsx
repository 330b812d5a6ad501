/** What a country costs, in plain words before it is chosen. */
import type { ReactNode } from 'react'
import type { ExitCountryView } from '../../../electron/ipc/snapshot-circuits.ts'
import { Notice, type NoticeTone } from '../../components/Notice.tsx'
import { useFormat, useWords } from '../../words/words.tsx'
import { shareText } from './CountryList.tsx'
import { type CostLevel, exitCost } from './exit-cost.ts'

const TONES: Readonly<Record<CostLevel, NoticeTone>> = { small: 'info', medium: 'warn', large: 'bad' }

export function CostNote({ country }: { readonly country: ExitCountryView }): ReactNode {
  const words = useWords()
  const format = useFormat()
  const { level, timesFewer, isFew } = exitCost(country)
  return (
    <div role="status">
      <Notice tone={TONES[level]} title={words('sites-cost-title')}>
        <p>{words(`sites-cost-${level}`, { share: shareText(country.share, format.percent) })}</p>
        {isFew ? (
          <p>{words('sites-cost-few', { count: country.exits })}</p>
        ) : (
          <p>{words('sites-cost-search', { times: timesFewer })}</p>
        )}
        <p className="text-soft">{words('sites-cost-estimate')}</p>
      </Notice>
    </div>
  )
}
