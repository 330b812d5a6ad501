/**
 * Keeps the mirror true: reads the whole snapshot, then applies numbered events to it. An event that is missing means
 * that the mirror may be wrong, so the whole is read again; events that come while it is read wait.
 */
import type { AppSnapshot } from '../../electron/ipc/snapshot.ts'
import type { CommandError, Versioned } from '../../electron/ipc/contract.ts'
import { call, onEvent } from '../bridge.ts'
import { mirror } from './store.ts'

/** Between two tries to read the snapshot when main does not answer. */
const RETRY_MS = 1_000
/** More than main sends in ten seconds: whoever waits longer reads again anyway. */
const MAX_WAITING = 40

/** Runs until the returned function is called. `onTrouble` hears why main could not be read, and undefined once it could. */
export function startSync(onTrouble: (error: CommandError | undefined) => void): () => void {
  let waiting: Versioned<Partial<AppSnapshot>>[] | undefined
  let isEnded = false
  let timer: ReturnType<typeof setTimeout> | undefined

  const read = async (): Promise<void> => {
    waiting = []
    const outcome = await call('snapshot.read')
    if (isEnded) return
    if (!outcome.ok) {
      onTrouble(outcome.error)
      timer = setTimeout(() => void read(), RETRY_MS)
      return
    }
    onTrouble(undefined)
    mirror.setState({ snapshot: outcome.value.value, sequence: outcome.value.sequence })
    const missed = waiting
    waiting = undefined
    for (const event of missed) take(event)
  }
  const take = (event: Versioned<Partial<AppSnapshot>>): void => {
    if (waiting !== undefined) {
      if (waiting.length < MAX_WAITING) waiting.push(event)
      return
    }
    const { snapshot, sequence } = mirror.getState()
    if (snapshot === undefined || event.sequence <= sequence) return
    if (event.sequence > sequence + 1) void read()
    else mirror.setState({ snapshot: { ...snapshot, ...event.value }, sequence: event.sequence })
  }

  const unsubscribe = onEvent('snapshot.changed', take)
  void read()
  return () => {
    isEnded = true
    clearTimeout(timer)
    unsubscribe()
  }
}
