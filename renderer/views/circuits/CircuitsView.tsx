/** Which ways traffic takes now: on a map, as a list beside it, and how much it is. */
import { Waypoints } from 'lucide-react'
import { type ReactNode, useEffect, useMemo, useState } from 'react'
import { Button } from '../../components/Button.tsx'
import { EmptyState } from '../../components/EmptyState.tsx'
import { SegmentedControl } from '../../components/SegmentedControl.tsx'
import { ViewHeader } from '../../components/ViewHeader.tsx'
import { WorldMap } from '../../map/WorldMap.tsx'
import { showView } from '../../state/navigation.ts'
import { useSnapshot } from '../../state/store.ts'
import { useNow } from '../../state/use-now.ts'
import { useFormat, useWords } from '../../words/words.tsx'
import { CIRCUIT_FILTERS, type CircuitFilter, groupCircuits } from './circuit-groups.ts'
import { targetName } from './circuit-words.ts'
import { CircuitRow } from './CircuitRow.tsx'
import { activateRelay, selectCircuit, useSelection } from './selection.ts'
import { TrafficCard } from './TrafficCard.tsx'
import { useUnchanged } from './use-unchanged.ts'

/** Ages are told in minutes: they may be told so much late. */
const AGE_TICK_MS = 10_000
const MINUTE_MS = 60_000

export function CircuitsView(): ReactNode {
  const words = useWords()
  const [filter, setFilter] = useState<CircuitFilter>('all')
  const hasCircuits = useSnapshot(({ circuits }) => circuits.circuits.length > 0)
  return (
    <>
      <ViewHeader
        title={words('circuits-title')}
        about={words('circuits-about')}
        actions={
          hasCircuits && (
            <SegmentedControl
              label={words('circuits-filter')}
              value={filter}
              options={CIRCUIT_FILTERS.map((value) => ({ value, label: words(`circuits-filter-${value}`) }))}
              onChange={setFilter}
            />
          )
        }
      />
      <div className="@container">
        <div className="grid gap-4 @3xl:grid-cols-[minmax(0,1fr)_22rem] @5xl:grid-cols-[minmax(0,1fr)_26rem]">
          <div className="contents @3xl:sticky @3xl:top-5 @3xl:flex @3xl:flex-col @3xl:gap-4 @3xl:self-start">
            <section
              aria-label={words('circuits-map')}
              className="map-section sticky top-0 z-[2] -mt-2 h-[clamp(10rem,36dvh,16rem)] bg-surface py-2 @3xl:static @3xl:m-0 @3xl:p-0 @3xl:h-[min(21rem,calc(100dvh-19rem))] @5xl:h-[min(36rem,calc(100dvh-22rem))]"
            >
              <CircuitMap />
            </section>
            <div className="hidden @3xl:block">
              <TrafficCard />
            </div>
          </div>
          <div className="flex flex-col gap-4">
            {hasCircuits ? <CircuitList filter={filter} /> : <NoCircuits />}
            <div className="@3xl:hidden">
              <TrafficCard />
            </div>
          </div>
        </div>
      </div>
    </>
  )
}

function CircuitMap(): ReactNode {
  const words = useWords()
  const { circuits, ownCountry } = useSnapshot((snapshot) => snapshot.circuits)
  const { circuitId, relay } = useSelection()
  const shown = useMemo(() => circuits.filter(({ state }) => state !== 'closed'), [circuits])
  const selected = shown.find(({ id }) => id === circuitId)
  return (
    <WorldMap
      circuits={shown}
      ownCountry={ownCountry}
      selectedId={circuitId}
      onSelect={selectCircuit}
      activeRelay={relay}
      onActivateRelay={activateRelay}
      target={targetName(selected, words)}
    />
  )
}

function CircuitList({ filter }: { readonly filter: CircuitFilter }): ReactNode {
  const words = useWords()
  const { circuits, ownCountry } = useSnapshot((snapshot) => snapshot.circuits)
  const { circuitId } = useSelection()
  const format = useFormat()
  const nowMs = useNow(AGE_TICK_MS)
  // A second's precision would draw the list anew each second.
  const ageOf = (ms: number): string => (ms < MINUTE_MS ? words('circuits-age-new') : format.duration(ms))
  const unchanged = useUnchanged(circuits)
  const groups = useMemo(() => groupCircuits(unchanged, filter), [unchanged, filter])
  const isSelectionGone = circuitId !== undefined && !circuits.some(({ id }) => id === circuitId)
  useEffect(() => {
    if (isSelectionGone) selectCircuit(undefined)
  }, [isSelectionGone])
  if (groups.length === 0) return <p className="text-soft">{words('circuits-none-match')}</p>
  return (
    <section aria-label={words('circuits-list')} className="flex flex-col gap-4">
      {groups.map(({ group, rows }) => (
        <div key={group} className="flex flex-col gap-1.5">
          <h2 className="flex items-baseline gap-2 text-xs font-semibold text-soft">
            {words(`circuits-group-${group}`)}
            <span className="tabular font-normal">{rows.length}</span>
          </h2>
          <ul className="flex flex-col gap-1.5">
            {rows.map((ways) => (
              <CircuitRow
                key={ways[0].id}
                ways={ways}
                ownCountry={ownCountry}
                isSelected={ways.some(({ id }) => id === circuitId)}
                age={ageOf(nowMs - ways[0].createdMs)}
              />
            ))}
          </ul>
        </div>
      ))}
    </section>
  )
}

function NoCircuits(): ReactNode {
  const words = useWords()
  return (
    <EmptyState
      icon={Waypoints}
      title={words('circuits-empty')}
      about={words('circuits-empty-about')}
      action={<Button onClick={() => showView('connect')}>{words('circuits-empty-action')}</Button>}
    />
  )
}
