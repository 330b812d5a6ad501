/**
 * Every event brings all circuits anew, though most are as they were. Here those keep their identity, so that React
 * passes over their rows: with sixty circuits at four events a second that is the difference between calm and busy.
 */
import { useMemo, useRef } from 'react'
import type { CircuitView } from '../../../electron/ipc/snapshot-circuits.ts'

interface Kept {
  readonly text: string
  readonly circuit: CircuitView
}

export function useUnchanged(circuits: readonly CircuitView[]): readonly CircuitView[] {
  const kept = useRef<ReadonlyMap<number, Kept>>(new Map())
  return useMemo(() => {
    kept.current = keepUnchanged(kept.current, circuits)
    return circuits.map((circuit) => kept.current.get(circuit.id)?.circuit ?? circuit)
  }, [circuits])
}

/** By id; what is equal to what was there before is that itself. */
export function keepUnchanged(
  before: ReadonlyMap<number, Kept>,
  circuits: readonly CircuitView[],
): ReadonlyMap<number, Kept> {
  return new Map(
    circuits.map((circuit) => {
      const text = JSON.stringify(circuit)
      const old = before.get(circuit.id)
      return [circuit.id, old?.text === text ? old : { text, circuit }]
    }),
  )
}
