/** A command as a button sees it: whether it runs, and what went wrong the last time. */
import { useCallback, useState } from 'react'
import type { CommandError, CommandName, CommandOutcome, CommandResult } from '../../electron/ipc/contract.ts'
import { type ArgumentList, call } from '../bridge.ts'

export interface CommandHandle<Name extends CommandName> {
  readonly run: (...argument: ArgumentList<Name>) => Promise<CommandOutcome<CommandResult<Name>>>
  readonly isRunning: boolean
  readonly error: CommandError | undefined
  readonly clearError: () => void
}

export function useCommand<Name extends CommandName>(name: Name): CommandHandle<Name> {
  const [running, setRunning] = useState(0)
  const [error, setError] = useState<CommandError | undefined>(undefined)
  const run = useCallback(
    async (...argument: ArgumentList<Name>) => {
      setRunning((count) => count + 1)
      const outcome = await call(name, ...argument)
      setRunning((count) => count - 1)
      setError(outcome.ok ? undefined : outcome.error)
      return outcome
    },
    [name],
  )
  const clearError = useCallback(() => setError(undefined), [])
  return { run, isRunning: running > 0, error, clearError }
}
