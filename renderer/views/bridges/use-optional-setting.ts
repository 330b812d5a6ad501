/**
 * A setting that is either null or has a form: the switch opens the form, and only saving sets it; switching off sets
 * null at once. Nothing half typed is ever in force.
 */
import { useState } from 'react'
import type { CommandError } from '../../../electron/ipc/contract.ts'
import type { SettingsChange } from '../../../electron/ipc/settings.ts'
import { announce } from '../../components/announce.ts'
import { useCommand } from '../../state/use-command.ts'
import { useWords } from '../../words/words.tsx'

export interface OptionalSetting {
  /** Whether the form is shown. */
  readonly isOpen: boolean
  readonly isRunning: boolean
  readonly error: CommandError | undefined
  readonly switchTo: (isOn: boolean) => void
  readonly save: (change: SettingsChange) => void
}

export function useOptionalSetting(isSet: boolean, off: SettingsChange): OptionalSetting {
  const words = useWords()
  const change = useCommand('settings.change')
  const [isWanted, setIsWanted] = useState(false)
  const send = async (value: SettingsChange): Promise<void> => {
    const outcome = await change.run(value)
    if (outcome.ok) announce(words('bridges-saved'))
  }
  return {
    isOpen: isSet || isWanted,
    isRunning: change.isRunning,
    error: change.error,
    switchTo(isOn) {
      setIsWanted(isOn)
      if (!isOn && isSet) void send(off)
    },
    save: (value) => void send(value),
  }
}
