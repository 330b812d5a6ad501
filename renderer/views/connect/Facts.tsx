/** While connected: since when that is verified, where sites see us, and what goes through now. */
import { ArrowDown, ArrowUp, BadgeCheck, type LucideIcon, MapPin } from 'lucide-react'
import { type ReactNode, useMemo } from 'react'
import type { SiteView } from '../../../electron/ipc/snapshot-circuits.ts'
import { Ago } from '../../components/Ago.tsx'
import { Flag } from '../../components/CountryName.tsx'
import { useSnapshot } from '../../state/store.ts'
import { useFormat, useWords } from '../../words/words.tsx'

/** More flags than that say nothing. */
const MAX_COUNTRIES = 3

export function Facts(): ReactNode {
  const words = useWords()
  const format = useFormat()
  const verifiedMs = useSnapshot((snapshot) => snapshot.connection.verifiedMs)
  const sites = useSnapshot((snapshot) => snapshot.sites.sites)
  const { samples, readBytes, writtenBytes } = useSnapshot((snapshot) => snapshot.traffic)
  const now = samples.at(-1)
  const countries = useMemo(() => countriesOf(sites), [sites])
  return (
    <dl className="grid grid-cols-2 lg:grid-cols-4 gap-px overflow-hidden rounded-card border border-line bg-line shadow-card">
      <Fact icon={BadgeCheck} name={words('connect-verified')}>
        {verifiedMs === undefined ? words('connect-not-verified') : <Ago atMs={verifiedMs} />}
      </Fact>
      <Fact icon={MapPin} name={words('connect-seen-from')}>
        {countries.length === 0 ? (
          words('connect-seen-nowhere')
        ) : (
          <span className="inline-flex flex-wrap items-center gap-x-1.5">
            {countries.slice(0, MAX_COUNTRIES).map((country) => (
              <Flag key={country} country={country} />
            ))}
            {format.list(countries.slice(0, MAX_COUNTRIES).map((country) => format.country(country)))}
          </span>
        )}
      </Fact>
      <Fact
        icon={ArrowDown}
        name={words('connect-received')}
        more={words('connect-in-all', { amount: format.bytes(readBytes) })}
      >
        {format.rate(now?.readBytes ?? 0)}
      </Fact>
      <Fact
        icon={ArrowUp}
        name={words('connect-sent')}
        more={words('connect-in-all', { amount: format.bytes(writtenBytes) })}
      >
        {format.rate(now?.writtenBytes ?? 0)}
      </Fact>
    </dl>
  )
}

interface FactProps {
  readonly icon: LucideIcon
  readonly name: string
  readonly more?: string
  readonly children: ReactNode
}

function Fact({ icon: Icon, name, more, children }: FactProps): ReactNode {
  return (
    <div className="flex flex-col gap-0.5 bg-raised px-4 py-3">
      <dt className="flex items-center gap-1.5 text-[0.8125rem] text-soft">
        <Icon aria-hidden className="size-3.5" />
        {name}
      </dt>
      <dd className="tabular text-[0.9375rem] font-semibold">{children}</dd>
      {more !== undefined && <dd className="tabular text-[0.8125rem] text-soft">{more}</dd>}
    </div>
  )
}

/** Those of the sites in use, the last used first, each once. */
function countriesOf(sites: readonly SiteView[]): readonly string[] {
  const found = sites
    .filter(({ circuitIds }) => circuitIds.length > 0)
    .map(({ seenFromCountry }) => seenFromCountry)
    .filter((country) => country !== undefined)
  return [...new Set(found)]
}
