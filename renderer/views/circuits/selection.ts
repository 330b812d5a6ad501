/** Which circuit is selected, and which relay is pointed at: shared by the map, the list, and whoever leads here. */
import { useStore } from 'zustand'
import { createStore } from 'zustand/vanilla'

interface Selection {
  readonly circuitId: number | undefined
  /** A fingerprint. */
  readonly relay: string | undefined
}

const selection = createStore<Selection>()(() => ({ circuitId: undefined, relay: undefined }))

export function useSelection(): Selection {
  return useStore(selection)
}

export function selectCircuit(circuitId: number | undefined): void {
  selection.setState({ circuitId, relay: undefined })
}

export function activateRelay(relay: string | undefined): void {
  selection.setState({ relay })
}
