/** Circuits and hops in words: for the list, for the map's end, and as plain text to be copied. */
import type { CircuitView, HopView } from '../../../electron/ipc/snapshot-circuits.ts'
import type { Format } from '../../words/format.ts'
import type { WordsFunction } from '../../words/words.tsx'
import { nameOf } from './circuit-groups.ts'

/** More names than that in one line are counted. */
const NAMED_SITES = 2

export function circuitName(circuit: CircuitView, words: WordsFunction, format: Format): string {
  const name = nameOf(circuit)
  if (name !== 'sites') return words(`circuits-name-${name}`)
  const sites = format.list(circuit.sites.slice(0, NAMED_SITES))
  const more = circuit.sites.length - NAMED_SITES
  return more > 0 ? words('circuits-more-sites', { sites, more: format.number(more) }) : sites
}

/** What the map writes at the end of the last arc. */
export function targetName(circuit: CircuitView | undefined, words: WordsFunction): string {
  if (circuit === undefined) return ''
  const [site] = circuit.sites
  if (site === undefined || circuit.purpose === 'internal') return words('map-onion-relays')
  const more = circuit.sites.length - 1
  return more > 0 ? words('map-more-sites', { site, more }) : site
}

export type StateWord = 'building' | 'waiting' | 'open' | 'closed' | 'retired'

export function stateWord({ state, isRetired }: CircuitView): StateWord {
  return state === 'open' && isRetired ? 'retired' : state
}

export function stateText(circuit: CircuitView, words: WordsFunction): string {
  const word = stateWord(circuit)
  return word === 'building'
    ? words('circuits-state-building', { done: circuit.hops.length, total: circuit.plannedHops })
    : words(`circuits-state-${word}`)
}

/** One or two sentences on what it does now. */
export function aboutText(circuit: CircuitView, words: WordsFunction): string {
  const word = stateWord(circuit)
  const isWaitingForOthers = word === 'waiting' && circuit.setId !== undefined
  const state = words(`circuits-state-about-${isWaitingForOthers ? 'waiting-set' : word}`)
  if (word !== 'open' && word !== 'building') return state
  if (circuit.purpose === 'directory') return words('circuits-purpose-directory')
  if (circuit.purpose === 'internal') return words('circuits-purpose-internal')
  const isIdle = circuit.sites.length === 0 && circuit.streams === 0
  return word === 'open' && isIdle ? words('circuits-purpose-reserve') : state
}

/** Why this relay has this place. */
export function reasonText({ reason }: HopView, words: WordsFunction, format: Format): string {
  switch (reason.kind) {
    case 'guard':
      return reason.sinceMs === undefined
        ? words('circuits-reason-guard-new')
        : words('circuits-reason-guard', { date: dayOf(reason.sinceMs, format) })
    case 'country':
      return words('circuits-reason-country', { country: format.country(reason.country) })
    case 'bridge':
    case 'weight':
    case 'exit-policy':
    case 'pin':
    case 'options':
    case 'directory':
      return words(`circuits-reason-${reason.kind}`)
  }
}

/** Everything that the list shows of a circuit, for a person who asks somebody else about it. */
export function detailsText(
  circuit: CircuitView,
  age: string,
  { words, format, unknownCountry }: { words: WordsFunction; format: Format; unknownCountry: string },
): string {
  const lines = [
    words('circuits-text-title', { id: String(circuit.id), name: circuitName(circuit, words, format) }),
    words('circuits-text-state', {
      state: stateText(circuit, words),
      age,
    }),
    words('circuits-text-traffic', {
      down: format.bytes(circuit.readBytes),
      up: format.bytes(circuit.writtenBytes),
      streams: words('circuits-streams', { count: circuit.streams }),
    }),
  ]
  circuit.hops.forEach((hop, index) => {
    lines.push(
      words('circuits-text-hop', {
        order: String(index + 1),
        role: words(`circuits-role-${hop.role}`),
        name: hop.nickname,
        country: hop.country === undefined ? unknownCountry : format.country(hop.country),
        address: hop.address,
      }),
      `   ${words('circuits-text-fingerprint', { fingerprint: hop.fingerprint })}`,
      `   ${words('circuits-text-flags', { flags: hop.flags.join(' ') })}`,
    )
    if (hop.rttMs !== undefined) {
      const time = format.milliseconds(Math.round(hop.rttMs))
      lines.push(`   ${words('circuits-text-rtt', { time })}`)
    }
    lines.push(`   ${reasonText(hop, words, format)}`)
  })
  // Marks of direction are for screens; in a text they would be invisible letters.
  return `${lines.join('\n').replace(/[\u2066-\u2069]/g, '')}\n`
}

function dayOf(atMs: number, format: Format): string {
  return format.day(new Date(atMs).toISOString().slice(0, 10))
}
