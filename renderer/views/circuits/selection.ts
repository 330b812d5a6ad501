/** Which circuit is selected, and which relay is pointed at: shared by the map, the list, and whoever leads here. */
import { useStore } from 'zustand'
import { createStore } from 'zustand/vanilla'
import { showView } from '../../state/navigation.ts'

interface Selection {
  readonly circuitId: number | undefined
  /** A fingerprint. */
  readonly relay: string | undefined
  /** The site whose row somebody asked to see. */
  readonly site: string | undefined
}

const selection = createStore<Selection>()(() => ({
  circuitId: undefined,
  relay: undefined,
  site: undefined,
}))

export function useSelection(): Selection {
  return useStore(selection)
}

export function selectCircuit(circuitId: number | undefined): void {
  selection.setState({ circuitId, relay: undefined })
}

/** Leads to the rules of a site. */
export function openSite(site: string): void {
  selection.setState({ site })
  showView('sites')
}

/** Leads to a circuit on the map. */
export function openCircuit(circuitId: number): void {
  selectCircuit(circuitId)
  showView('circuits')
}

/** The row has been shown. */
export function forgetOpenedSite(): void {
  selection.setState({ site: undefined })
}

export function activateRelay(relay: string | undefined): void {
  selection.setState({ relay })
}
