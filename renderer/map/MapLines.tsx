/** The circuits as lines: all of them faint, the selected one leg by leg with arrows. */
import { Fragment, memo, type ReactNode } from 'react'
import type { CircuitLine, SelectedLeg } from './scene.ts'

/** Between one leg's appearance and the next one's, so that the way is seen to lead from the person outwards. */
const LEG_DELAY_MS = 140

interface LinesProps {
  readonly entries: readonly string[]
  readonly lines: readonly CircuitLine[]
  readonly hasSelection: boolean
  readonly onSelect: (id: number) => void
}

export function MapLines({ entries, lines, hasSelection, onSelect }: LinesProps): ReactNode {
  return (
    <>
      {entries.map((path) => (
        <path key={path} className="map-line" data-entry data-dimmed={hasSelection || undefined} d={path} />
      ))}
      {lines
        .filter(({ isSelected }) => !isSelected)
        .map(({ id, legs, head, isBuilding, isUsed }) => (
          <Fragment key={id}>
            {isBuilding ? (
              <BuildingLine legs={legs} x={head.x} y={head.y} isDimmed={hasSelection} />
            ) : (
              <Line path={legs.join('')} isUsed={isUsed} isDimmed={hasSelection} />
            )}
            <path className="map-line-target" d={legs.join('')} onClick={() => onSelect(id)} />
          </Fragment>
        ))}
    </>
  )
}

const Line = memo(function Line({
  path,
  isUsed,
  isDimmed,
}: {
  readonly path: string
  readonly isUsed: boolean
  readonly isDimmed: boolean
}): ReactNode {
  return (
    <path
      className="map-line"
      data-used={isUsed || undefined}
      data-dimmed={isDimmed || undefined}
      d={path}
      data-testid="map-circuit"
    />
  )
})

function BuildingLine({
  legs,
  x,
  y,
  isDimmed,
}: {
  readonly legs: readonly string[]
  readonly x: number
  readonly y: number
  readonly isDimmed: boolean
}): ReactNode {
  return (
    <g data-testid="map-circuit">
      {legs.map((leg, index) => (
        <path
          // A leg is drawn when it comes, and its place among the legs is what it is.
          key={index}
          className="map-line"
          data-building
          data-dimmed={isDimmed || undefined}
          pathLength={1}
          d={leg}
        />
      ))}
      <circle className="map-pulse" cx={x} cy={y} r={9} />
    </g>
  )
}

export function SelectedLegs({
  legs,
  isFromEdge,
}: {
  readonly legs: readonly SelectedLeg[]
  readonly isFromEdge: boolean
}): ReactNode {
  return (
    <g data-testid="map-selected">
      {legs.map(({ key, path }) => (
        <path key={key} className="map-halo" d={path} />
      ))}
      {legs.map(({ key, path, kind, arrow }, index) => {
        const isBroken = kind === 'beyond' || (kind === 'entry' && isFromEdge)
        const style = { animationDelay: `${index * LEG_DELAY_MS}ms` }
        return (
          <Fragment key={key}>
            <path
              className="map-leg"
              data-testid="map-leg"
              data-kind={kind}
              data-edge={(kind === 'entry' && isFromEdge) || undefined}
              pathLength={isBroken ? undefined : 1}
              d={path}
              style={style}
            />
            <path
              className="map-arrow"
              data-kind={kind}
              d="M5 0L-4 4.500L-2 0L-4 -4.500Z"
              transform={`translate(${arrow.x} ${arrow.y}) rotate(${arrow.degrees})`}
              style={style}
            />
          </Fragment>
        )
      })}
    </g>
  )
}
