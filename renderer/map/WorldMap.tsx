/**
 * Every circuit on a map of the world. It asks no network for anything, guesses no place, and says in words what it
 * shows. The list beside it does all that a mouse can do here.
 */
import './map.css'
import { Expand, Shrink } from 'lucide-react'
import { type ReactNode, useId, useMemo, useRef, useState } from 'react'
import type { CircuitView } from '../../electron/ipc/snapshot-circuits.ts'
import { IconButton } from '../components/IconButton.tsx'
import { useWords } from '../words/words.tsx'
import { BaseMap } from './BaseMap.tsx'
import { MapLabels } from './MapLabels.tsx'
import { MapLines, SelectedLegs } from './MapLines.tsx'
import { MapEnds, MapRelays } from './MapRelays.tsx'
import { RelayCard } from './RelayCard.tsx'
import { buildScene, nextSlots, pointsOf, type Scene, selectedWays } from './scene.ts'
import type { Slots } from './slots.ts'
import { useMovingView } from './use-moving-view.ts'
import { useSize } from './use-size.ts'
import { fitTo, type Insets, type MapView, type Size } from './view.ts'

export interface WorldMapProps {
  /** Without closed ones. */
  readonly circuits: readonly CircuitView[]
  readonly ownCountry: string | undefined
  readonly selectedId: number | undefined
  readonly onSelect: (id: number | undefined) => void
  /** The fingerprint of the relay that is pointed at, here or in the list. */
  readonly activeRelay: string | undefined
  readonly onActivateRelay: (fingerprint: string | undefined) => void
  /** What lies behind the selected circuit's exit. */
  readonly target: string
}

export function WorldMap(props: WorldMapProps): ReactNode {
  const [box, size] = useSize()
  return (
    <div
      ref={box}
      dir="ltr"
      className="map relative size-full overflow-hidden rounded-card border border-line"
      data-testid="map"
    >
      {size !== undefined && <MeasuredMap {...props} size={size} />}
    </div>
  )
}

function MeasuredMap(props: WorldMapProps & { readonly size: Size }): ReactNode {
  const { size } = props
  const words = useWords()
  const id = useId()
  const [isWhole, setIsWhole] = useState(false)
  const { scene, view } = useScene(props, isWhole)
  const active = scene.relays.find(({ key }) => key === props.activeRelay)
  const hasSelection = scene.stops.length > 0
  return (
    <>
      <Picture {...props} scene={scene} view={view} describedBy={`${id}-stops`} />
      <MapLabels
        id={`${id}-stops`}
        stops={hasSelection ? scene.stops : [scene.you]}
        target={props.target}
        size={size}
      />
      {active !== undefined && <RelayCard mark={active} />}
      {!hasSelection && active === undefined && scene.lines.length > 0 && (
        <p className="pointer-events-none absolute end-3 bottom-2 text-xs text-soft">{words('map-hint')}</p>
      )}
      {hasSelection && (
        <div className="absolute end-1 top-1 rounded-control bg-raised/90">
          <IconButton
            icon={isWhole ? Shrink : Expand}
            label={isWhole ? words('map-zoom-circuit') : words('map-zoom-world')}
            onClick={() => setIsWhole(!isWhole)}
          />
        </div>
      )}
    </>
  )
}

interface PictureProps extends WorldMapProps {
  readonly size: Size
  readonly scene: Scene
  readonly view: MapView
  /** The list that says in words what is drawn. */
  readonly describedBy: string
}

function Picture({ scene, view, size, describedBy, ...props }: PictureProps): ReactNode {
  const { selectedId, onSelect } = props
  const words = useWords()
  const hasSelection = scene.stops.length > 0
  const tail = scene.stops.filter(({ kind }) => kind === 'relay').at(-1)
  const isSelectedBuilding = scene.lines.some((line) => line.isSelected && line.isBuilding)
  return (
    <svg
      role="img"
      aria-label={words('map-summary', { circuits: scene.lines.length, relays: scene.relays.length })}
      aria-describedby={describedBy}
      width={size.width}
      height={size.height}
      onClick={(event) => {
        if (event.target === event.currentTarget) onSelect(undefined)
      }}
    >
      <BaseMap view={view} countries={scene.countries} />
      {scene.tray !== undefined && <Tray {...scene.tray} title={words('map-tray')} />}
      <MapLines entries={scene.entries} lines={scene.lines} hasSelection={hasSelection} onSelect={onSelect} />
      <SelectedLegs key={selectedId} legs={scene.legs} isFromEdge={scene.stops[0]?.isAtEdge === true} />
      {isSelectedBuilding && tail !== undefined && (
        <circle className="map-pulse" cx={tail.x} cy={tail.y} r={14} />
      )}
      <MapRelays
        relays={scene.relays}
        hasSelection={hasSelection}
        active={props.activeRelay}
        onActivate={props.onActivateRelay}
        onSelect={onSelect}
      />
      <MapEnds you={scene.you} stops={scene.stops} />
    </svg>
  )
}

function useScene(
  { circuits, ownCountry, selectedId, size }: WorldMapProps & { readonly size: Size },
  isWhole: boolean,
): { readonly scene: Scene; readonly view: MapView } {
  const lastSlots = useRef<Slots>(new Map())
  const slots = useMemo(() => {
    lastSlots.current = nextSlots(lastSlots.current, circuits, ownCountry)
    return lastSlots.current
  }, [circuits, ownCountry])
  const wanted = useMemo(() => {
    const selected = isWhole ? [] : selectedWays(circuits, selectedId)
    return fitTo(pointsOf(selected, ownCountry), size, insetsFor(size))
  }, [circuits, ownCountry, selectedId, size, isWhole])
  const view = useMovingView(wanted, size)
  const scene = useMemo(
    () => buildScene({ circuits, ownCountry, selectedId, slots, view, size }),
    [circuits, ownCountry, selectedId, slots, view, size],
  )
  return { scene, view }
}

/** Room for the labels of the two ends, as much as there is. */
function insetsFor({ width, height }: Size): Insets {
  const side = Math.min(width * 0.2, 130)
  return { left: side * 0.8, right: side, top: height * 0.16, bottom: height * 0.14 }
}

function Tray({
  x,
  y,
  width,
  height,
  title,
}: NonNullable<Scene['tray']> & { readonly title: string }): ReactNode {
  return (
    <g className="pointer-events-none">
      <rect x={x} y={y} width={width} height={height} rx={8} className="fill-raised/80 stroke-line" />
      <text x={x + 10} y={y + 17} className="fill-soft text-[11px] font-medium">
        {title}
      </text>
    </g>
  )
}
