/** Asks main about pasted lines while they are typed: after a pause, and only the newest answer counts. */
import { useEffect, useState } from 'react'
import type { BridgeLineResult } from '../../../electron/ipc/snapshot-bridges.ts'
import type { CommandError } from '../../../electron/ipc/contract.ts'
import { call } from '../../bridge.ts'

/** Shorter than a person waits, longer than between two keys. */
const PAUSE_MS = 200

export interface BridgeCheck {
  readonly results: readonly BridgeLineResult[]
  readonly isChecking: boolean
  readonly error: CommandError | undefined
}

const NOTHING: BridgeCheck = { results: [], isChecking: false, error: undefined }

export function useBridgeCheck(text: string): BridgeCheck {
  const [check, setCheck] = useState<BridgeCheck>(NOTHING)
  useEffect(() => {
    if (text.trim() === '') {
      setCheck(NOTHING)
      return
    }
    let isStale = false
    setCheck((before) => ({ ...before, isChecking: true }))
    const timer = setTimeout(() => {
      void call('bridges.check', text).then((outcome) => {
        if (isStale) return
        setCheck(
          outcome.ok
            ? { results: outcome.value, isChecking: false, error: undefined }
            : { results: [], isChecking: false, error: outcome.error },
        )
      })
    }, PAUSE_MS)
    return () => {
      isStale = true
      clearTimeout(timer)
    }
  }, [text])
  return check
}
