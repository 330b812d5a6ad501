/** Isolation that a person can see: one row for each site, its circuit, where it sees them, and their rules for it. */
import { Globe, Plus } from 'lucide-react'
import { type ReactNode, useMemo, useState } from 'react'
import type { SiteView } from '../../../electron/ipc/snapshot-circuits.ts'
import { Button } from '../../components/Button.tsx'
import { EmptyState } from '../../components/EmptyState.tsx'
import { Field } from '../../components/Field.tsx'
import { ViewHeader } from '../../components/ViewHeader.tsx'
import { useSnapshot } from '../../state/store.ts'
import { useWords } from '../../words/words.tsx'
import { joinWays, type Ways } from '../circuits/circuit-groups.ts'
import { AddSiteDialog } from './AddSiteDialog.tsx'
import { CountryDialog } from './CountryDialog.tsx'
import { NewIdentityButton } from './NewIdentityDialog.tsx'
import { useKeptOrder } from './site-order.ts'
import { SiteRow } from './SiteRow.tsx'

/** From so many rows on, searching is faster than reading. */
const SEARCH_FROM = 8

export function SitesView(): ReactNode {
  const words = useWords()
  const [isAdding, setIsAdding] = useState(false)
  const [countryFor, setCountryFor] = useState<string | undefined>(undefined)
  const { sites } = useSnapshot((snapshot) => snapshot.sites)
  const add = (
    <Button icon={Plus} onClick={() => setIsAdding(true)}>
      {words('sites-add')}
    </Button>
  )
  return (
    <>
      <ViewHeader
        title={words('sites-title')}
        about={words('sites-about')}
        actions={
          <>
            {add}
            <NewIdentityButton />
          </>
        }
      />
      {sites.length === 0 ? (
        <EmptyState icon={Globe} title={words('sites-empty')} about={words('sites-empty-about')} />
      ) : (
        <SiteList sites={sites} />
      )}
      {isAdding && (
        <AddSiteDialog
          onClose={() => setIsAdding(false)}
          onCountry={(site) => {
            setIsAdding(false)
            setCountryFor(site)
          }}
        />
      )}
      {countryFor !== undefined && (
        <CountryDialog
          site={countryFor}
          policy={sites.find(({ site }) => site === countryFor)?.policy}
          onClose={() => setCountryFor(undefined)}
        />
      )}
    </>
  )
}

function SiteList({ sites }: { readonly sites: readonly SiteView[] }): ReactNode {
  const words = useWords()
  const [search, setSearch] = useState('')
  const { circuits } = useSnapshot((snapshot) => snapshot.circuits)
  const byId = useMemo(
    () => new Map(joinWays(circuits).map((ways) => [ways[0].id, ways] as const)),
    [circuits],
  )
  const ordered = useKeptOrder(sites)
  const wanted = search.trim().toLowerCase()
  const shown = ordered.filter(({ site }) => site.includes(wanted))
  return (
    <>
      {(sites.length >= SEARCH_FROM || wanted !== '') && (
        <Field
          label={words('sites-search')}
          isLabelHidden
          type="search"
          placeholder={words('sites-search')}
          value={search}
          onChange={(event) => setSearch(event.target.value)}
        />
      )}
      {shown.length === 0 && <p className="text-soft">{words('sites-none-match')}</p>}
      <ul aria-label={words('sites-list')} className="flex flex-col gap-2">
        {shown.map((site) => (
          <SiteRow key={site.site} site={site} ways={newestOf(site, byId)} />
        ))}
      </ul>
    </>
  )
}

/** Ids count up: the greatest is the newest. Those that are joined to a set are known by their first. */
function newestOf({ circuitIds }: SiteView, circuits: ReadonlyMap<number, Ways>): Ways | undefined {
  return circuitIds
    .flatMap((id) => {
      const ways = circuits.get(id)
      return ways === undefined || ways[0].state === 'closed' ? [] : [ways]
    })
    .reduce<Ways | undefined>(
      (newest, ways) => (newest === undefined || ways[0].id > newest[0].id ? ways : newest),
      undefined,
    )
}
