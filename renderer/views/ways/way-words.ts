/** A way into the network in plain words: how it goes, and where it comes from. */
import type { WaySource } from '../../../electron/ipc/snapshot-ways.ts'
import { useSnapshot } from '../../state/store.ts'
import { useFormat, useWords } from '../../words/words.tsx'
import { useTransportWords } from '../bridges/transport-words.ts'

/** What attempts and planned ways have in common. */
export interface WayWordsOf {
  readonly kind: 'direct' | 'bridges'
  readonly transports?: readonly string[]
  readonly count?: number
}

export interface WayWords {
  /** A sentence's beginning: "Through 2 bridges (Snowflake)". */
  readonly name: (way: WayWordsOf) => string
  /** As short as it gets: "Snowflake", "the direct way". */
  readonly short: (way: WayWordsOf) => string
  readonly source: (source: WaySource) => string
}

export function useWayWords(): WayWords {
  const words = useWords()
  const format = useFormat()
  const transportName = useTransportWords().name
  const country = useSnapshot((snapshot) => snapshot.ways.country.code)
  return {
    name({ kind, transports = [], count = 0 }) {
      if (kind === 'direct') return words('connect-way-direct')
      return transports.length === 0
        ? words('connect-way-bridges', { count })
        : words('connect-way-transports', { count, transports: format.list(transports.map(transportName)) })
    },
    short({ kind, transports = [] }) {
      if (kind === 'direct') return words('ways-short-direct')
      return transports.length === 0
        ? words('ways-short-bridges')
        : format.list(transports.map(transportName))
    },
    source(source) {
      if (source !== 'map') return words(`ways-source-${source}`)
      return country === undefined
        ? words('ways-source-map')
        : words('ways-source-map-country', { country: format.country(country) })
    },
  }
}
