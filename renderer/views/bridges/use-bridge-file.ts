/** Opens a file with bridges: main asks which, and, where the file is locked, the page asks for its passphrase. */
import { useState } from 'react'
import { useCommand } from '../../state/use-command.ts'
import type { CommandError } from '../../../electron/ipc/contract.ts'

export interface BridgeFileReader {
  readonly open: () => Promise<void>
  readonly unlock: (passphrase: string) => Promise<void>
  readonly giveUp: () => void
  /** A file was chosen and waits for its passphrase. */
  readonly isLocked: boolean
  readonly isBusy: boolean
  readonly error: CommandError | undefined
}

export function useBridgeFile(onText: (text: string) => void): BridgeFileReader {
  const [isLocked, setIsLocked] = useState(false)
  const openFile = useCommand('bridges.open-file')
  const unlockFile = useCommand('bridges.unlock-file')
  const take = (text: string): void => {
    setIsLocked(false)
    onText(text)
  }
  return {
    async open() {
      unlockFile.clearError()
      const outcome = await openFile.run()
      if (!outcome.ok) return setIsLocked(false)
      if (outcome.value.kind === 'text') take(outcome.value.text)
      else setIsLocked(outcome.value.kind === 'locked')
    },
    async unlock(passphrase) {
      const outcome = await unlockFile.run(passphrase)
      if (outcome.ok) take(outcome.value)
    },
    giveUp: () => {
      unlockFile.clearError()
      setIsLocked(false)
    },
    isLocked,
    isBusy: openFile.isRunning || unlockFile.isRunning,
    error: unlockFile.error ?? openFile.error,
  }
}
