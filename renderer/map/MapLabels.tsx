/**
 * The selected circuit in words, written beside its places; it is also what a screen reader reads in place of the
 * picture: a list from the person to the site, in order.
 */
import { type ReactNode, useMemo } from 'react'
import { Flag } from '../components/CountryName.tsx'
import { useFormat, useWords } from '../words/words.tsx'
import { type LabelPlace, placeLabels } from './labels.ts'
import type { Stop } from './scene.ts'
import type { Size } from './view.ts'

/** Of the label's text; a guess that is rather too wide. */
const LETTER_PX = 6.7
const PADDING_PX = 18
const FLAG_PX = 24
const MAX_WIDTH_PX = 210
/** Below this width of the map labels name the country only. */
const ROLE_WIDTH_PX = 460

interface MapLabelsProps {
  readonly id: string
  readonly stops: readonly Stop[]
  /** What lies behind the exit: a site, or the relays of an onion service. */
  readonly target: string
  readonly size: Size
}

export function MapLabels({ id, stops, target, size }: MapLabelsProps): ReactNode {
  const words = useWords()
  const texts = useLabelTexts(stops, target, size)
  const places = useMemo(
    () =>
      placeLabels(
        stops.map((anchor, index) => ({ anchor, width: widthOf(texts[index]) })),
        size,
      ),
    [stops, texts, size],
  )
  return (
    <ol id={id} aria-label={words('map-selected')} className="pointer-events-none absolute inset-0">
      {stops.map((stop, index) => (
        <Label key={stop.hop?.fingerprint ?? stop.kind} text={texts[index]} place={places[index]} />
      ))}
    </ol>
  )
}

interface LabelText {
  readonly main: string
  /** Fainter, after it. */
  readonly more: string
  readonly country: string | undefined
}

function useLabelTexts(stops: readonly Stop[], target: string, { width }: Size): readonly LabelText[] {
  const words = useWords()
  const format = useFormat()
  return useMemo(
    () =>
      stops.map(({ kind, hop, isAtEdge }): LabelText => {
        if (kind === 'you') {
          return {
            main: words('map-you'),
            more: isAtEdge ? words('map-you-unknown') : '',
            country: undefined,
          }
        }
        if (hop === undefined) return { main: target, more: '', country: undefined }
        const main = hop.country === undefined ? hop.nickname : format.country(hop.country)
        const more = width < ROLE_WIDTH_PX ? '' : words(`map-role-${hop.role}`)
        return { main, more, country: hop.country }
      }),
    [stops, target, width, words, format],
  )
}

function widthOf(text: LabelText | undefined): number {
  if (text === undefined) return 0
  const letters = text.main.length + (text.more === '' ? 0 : text.more.length + 1)
  return Math.min(letters * LETTER_PX + PADDING_PX + (text.country === undefined ? 0 : FLAG_PX), MAX_WIDTH_PX)
}

function Label({
  text,
  place,
}: {
  readonly text: LabelText | undefined
  readonly place: LabelPlace | undefined
}): ReactNode {
  if (text === undefined || place === undefined) return null
  return (
    <li
      className="absolute flex h-[22px] w-fit items-center gap-1.5 rounded-full border border-line bg-raised/95 px-2 text-xs whitespace-nowrap shadow-card"
      style={{ left: place.x, top: place.y, maxWidth: place.width + PADDING_PX }}
    >
      <Flag country={text.country} />
      <span className="truncate font-medium">{text.main}</span>
      {text.more !== '' && <span className="truncate text-soft">{text.more}</span>}
    </li>
  )
}
