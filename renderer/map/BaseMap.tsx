/** The land: one path that is made once and only moved, however often circuits change above it. */
import { memo, type ReactNode } from 'react'
import type { MapView } from './view.ts'
import { OUTLINES, outlineOf } from './world.ts'

const LAND = OUTLINES.map(({ path }) => path).join('')

interface BaseMapProps {
  readonly view: MapView
  /** Those that are tinted. */
  readonly countries: readonly string[]
}

export function BaseMap({ view, countries }: BaseMapProps): ReactNode {
  return (
    <g transform={`translate(${view.x} ${view.y}) scale(${view.scale})`}>
      <Land />
      {countries.map((country) => (
        <path key={country} className="map-tint" vectorEffect="non-scaling-stroke" d={outlineOf(country)} />
      ))}
    </g>
  )
}

const Land = memo(function Land(): ReactNode {
  return <path className="map-land" vectorEffect="non-scaling-stroke" d={LAND} />
})
