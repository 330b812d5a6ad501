/** The log as the window holds it: what main had when the view opened, and what comes meanwhile. */
import { useEffect, useState } from 'react'
import type { CommandError, LogLine } from '../../../electron/ipc/contract.ts'
import { call, onEvent } from '../../bridge.ts'
import { mergeLines } from './log-lines.ts'

/** Main gives at most 2,000 lines at once; it keeps fewer than this many times as many. */
const MAX_READS = 10
/** Before the first line, whatever its id. */
const BEFORE_ALL = -1

export interface LogState {
  readonly lines: readonly LogLine[]
  readonly isLoading: boolean
  readonly error: CommandError | undefined
}

export function useLogLines(): LogState {
  const [state, setState] = useState<LogState>({ lines: [], isLoading: true, error: undefined })
  useEffect(() => {
    let isEnded = false
    const take = (more: readonly LogLine[]): void =>
      setState((before) => {
        const lines = mergeLines(before.lines, more)
        return lines === before.lines ? before : { ...before, lines }
      })
    // Before reading, so that no line falls between; those that come twice are taken once.
    const unsubscribe = onEvent('log.lines', take)
    const read = async (): Promise<CommandError | undefined> => {
      let afterId = BEFORE_ALL
      for (let reads = 0; reads < MAX_READS && !isEnded; reads++) {
        const outcome = await call('log.read', { afterId })
        if (!outcome.ok) return outcome.error
        const last = outcome.value.at(-1)
        if (last === undefined || isEnded) return undefined
        take(outcome.value)
        afterId = last.id
      }
      return undefined
    }
    void read().then((error) => {
      if (!isEnded) setState((before) => ({ ...before, isLoading: false, error }))
    })
    return () => {
      isEnded = true
      unsubscribe()
    }
  }, [])
  return state
}
