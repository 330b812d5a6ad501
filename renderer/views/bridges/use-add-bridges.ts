/** Adds lines, and turns bridges on if the person wants that; as one action with one error. */
import { useState } from 'react'
import type { BridgeLineResult } from '../../../electron/ipc/snapshot-bridges.ts'
import type { CommandError } from '../../../electron/ipc/contract.ts'
import { call } from '../../bridge.ts'
import { useSnapshot } from '../../state/store.ts'

export interface AddBridges {
  /** The lines that main refused after all; undefined when the action failed. */
  readonly run: (
    lines: readonly BridgeLineResult[],
    useThem: boolean,
  ) => Promise<readonly BridgeLineResult[] | undefined>
  readonly isRunning: boolean
  readonly error: CommandError | undefined
}

export function useAddBridges(): AddBridges {
  const useBridges = useSnapshot((snapshot) => snapshot.settings.useBridges)
  const [isRunning, setIsRunning] = useState(false)
  const [error, setError] = useState<CommandError | undefined>(undefined)
  const act: AddBridges['run'] = async (lines, useThem) => {
    const added = await call('bridges.add', lines.map(({ text }) => text).join('\n'))
    if (!added.ok) {
      setError(added.error)
      return undefined
    }
    const refused = added.value.filter(({ fault }) => fault !== undefined)
    if (!useThem || useBridges || refused.length === lines.length) return refused
    const changed = await call('settings.change', { useBridges: true })
    if (changed.ok) return refused
    setError(changed.error)
    return undefined
  }
  const run: AddBridges['run'] = async (lines, useThem) => {
    setIsRunning(true)
    setError(undefined)
    const refused = await act(lines, useThem)
    setIsRunning(false)
    return refused
  }
  return { run, isRunning, error }
}
