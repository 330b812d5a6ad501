/**
 * Several relays of one country are spread around its point. A relay keeps its slot for as long as it is drawn: markers
 * that moved whenever another circuit came or went could not be followed by eye.
 */
import type { Point } from './world.ts'

/** By relay: its slot in its country, from 0. */
export type Slots = ReadonlyMap<string, { readonly country: string; readonly slot: number }>

export interface Placed {
  readonly key: string
  /** Empty for relays whose country is not known: they are in the tray. */
  readonly country: string
}

/** Pixels between neighbours, a little more than a marker of the selected circuit is wide. */
const SPACING_PX = 15
/** Sunflower seeds: turning by this, no two of any number are ever close. */
const GOLDEN_ANGLE = Math.PI * (3 - Math.sqrt(5))

/** Who stays keeps its slot; newcomers take the lowest free ones, in the order given. */
export function assignSlots(before: Slots, relays: readonly Placed[]): Slots {
  const after = new Map<string, { readonly country: string; readonly slot: number }>()
  const taken = new Map<string, Set<number>>()
  const slotsIn = (country: string): Set<number> => {
    const slots = taken.get(country) ?? new Set<number>()
    taken.set(country, slots)
    return slots
  }
  for (const { key, country } of relays) {
    const kept = before.get(key)
    if (kept?.country !== country || after.has(key)) continue
    after.set(key, kept)
    slotsIn(country).add(kept.slot)
  }
  for (const { key, country } of relays) {
    if (after.has(key)) continue
    const slots = slotsIn(country)
    let slot = 0
    while (slots.has(slot)) slot++
    slots.add(slot)
    after.set(key, { country, slot })
  }
  return after
}

/** Where a slot is, in pixels from the country's point. */
export function slotOffset(slot: number): Point {
  const distance = SPACING_PX * Math.sqrt(slot)
  const angle = slot * GOLDEN_ANGLE
  return { x: distance * Math.cos(angle), y: distance * Math.sin(angle) }
}
