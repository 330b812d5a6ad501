/**
 * What a relay on the map is, while it is pointed at: in a corner, where it covers no circuit. The list beside the map
 * says the same to everybody.
 */
import type { ReactNode } from 'react'
import { CountryName } from '../components/CountryName.tsx'
import { useFormat } from '../words/words.tsx'
import type { RelayMark } from './scene.ts'

export function RelayCard({ mark }: { readonly mark: RelayMark }): ReactNode {
  const format = useFormat()
  const { nickname, country, address, rttMs } = mark.hop
  return (
    <div
      aria-hidden
      data-testid="map-card"
      className="pointer-events-none absolute end-2 bottom-2 z-10 flex w-48 flex-col rounded-control border border-line bg-raised px-2.5 py-1.5 text-xs shadow-lg"
    >
      <span className="truncate font-semibold">{nickname}</span>
      <CountryName country={country} />
      <span className="tabular flex justify-between gap-2 text-soft">
        <span className="truncate">{address}</span>
        {rttMs !== undefined && <span className="shrink-0">{format.milliseconds(Math.round(rttMs))}</span>}
      </span>
    </div>
  )
}
