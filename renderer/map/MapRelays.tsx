/** The relays as points: those of the selected circuit are numbered in their order. */
import type { ReactNode } from 'react'
import type { RelayMark, Stop } from './scene.ts'

interface MapRelaysProps {
  readonly relays: readonly RelayMark[]
  readonly hasSelection: boolean
  /** The fingerprint of the one that is pointed at, here or in the list. */
  readonly active: string | undefined
  readonly onActivate: (fingerprint: string | undefined) => void
  readonly onSelect: (circuitId: number) => void
}

export function MapRelays(props: MapRelaysProps): ReactNode {
  const { relays, hasSelection, active, onActivate, onSelect } = props
  return relays.map(({ key, x, y, order, circuitId }) => (
    <g
      key={key}
      data-testid="map-relay"
      onPointerEnter={() => onActivate(key)}
      onPointerLeave={() => onActivate(undefined)}
      onClick={() => onSelect(circuitId)}
    >
      <circle
        className="map-relay"
        data-dimmed={(hasSelection && order === 0) || undefined}
        cx={x}
        cy={y}
        r={radius(order, key === active)}
      />
      {order > 0 && (
        <text
          x={x}
          y={y}
          dy="0.36em"
          textAnchor="middle"
          className="pointer-events-none fill-on-accent text-[11px] font-bold"
        >
          {order}
        </text>
      )}
    </g>
  ))
}

function radius(order: number, isActive: boolean): number {
  if (order > 0) return isActive ? 11 : 9
  return isActive ? 6.5 : 4
}

/** The person's own end, and the one behind the exit: hollow, for they are no relays. */
export function MapEnds({ you, stops }: { readonly you: Stop; readonly stops: readonly Stop[] }): ReactNode {
  const ends = stops.filter(({ kind }) => kind !== 'relay')
  return (ends.length === 0 ? [you] : ends).map(({ kind, x, y }) => (
    <g key={kind} className="pointer-events-none">
      <circle className="fill-raised stroke-ink" strokeWidth={2} cx={x} cy={y} r={6.5} />
      <circle className="fill-ink" cx={x} cy={y} r={2.5} />
    </g>
  ))
}
