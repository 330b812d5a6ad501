/**
 * The mirror of main's snapshot. Only `sync.ts` writes to it; views read it with `useSnapshot` and change the world
 * with commands, never by writing here.
 */
import { useStore } from 'zustand'
import { createStore } from 'zustand/vanilla'
import type { AppSnapshot } from '../../electron/ipc/snapshot.ts'

export interface Mirror {
  readonly snapshot: AppSnapshot | undefined
  /** That of the newest event that is in it. */
  readonly sequence: number
}

export const mirror = createStore<Mirror>()(() => ({ snapshot: undefined, sequence: 0 }))

/** Whether the first snapshot has arrived; the app shows its views only then. */
export function useHasSnapshot(): boolean {
  return useStore(mirror, (state) => state.snapshot !== undefined)
}

/**
 * Reads from the snapshot and renders again when what was read has changed. The selector returns something that is in
 * the snapshot or a primitive: a new object at each call would render forever.
 */
export function useSnapshot<T>(selector: (snapshot: AppSnapshot) => T): T {
  return useStore(mirror, ({ snapshot }) => {
    if (snapshot === undefined) throw new Error('a view was shown before the first snapshot')
    return selector(snapshot)
  })
}
