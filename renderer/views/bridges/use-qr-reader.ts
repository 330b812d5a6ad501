/** Reads a QR code from a picture file or from the screen, one at a time, and says why it could not. */
import { useState } from 'react'
import type { CommandError } from '../../../electron/ipc/contract.ts'
import { call } from '../../bridge.ts'
import { type PictureFault, readPicture } from './read-picture.ts'

export type QrFault = `picture-${PictureFault}` | 'screen-no-code' | 'screen-not-allowed'

export interface QrReader {
  readonly readFile: (file: Blob) => Promise<void>
  readonly readScreen: () => Promise<void>
  /** What is being looked at. */
  readonly source: 'file' | 'screen' | undefined
  readonly fault: QrFault | undefined
  readonly error: CommandError | undefined
}

interface State {
  readonly source: QrReader['source']
  readonly fault: QrFault | undefined
  readonly error: CommandError | undefined
}

const IDLE: State = { source: undefined, fault: undefined, error: undefined }

export function useQrReader(onText: (text: string) => void): QrReader {
  const [state, setState] = useState<State>(IDLE)
  const readFile = async (file: Blob): Promise<void> => {
    setState({ ...IDLE, source: 'file' })
    const result = await readPicture(file)
    setState(result.ok ? IDLE : { ...IDLE, fault: `picture-${result.fault}` })
    if (result.ok) onText(result.text)
  }
  const readScreen = async (): Promise<void> => {
    setState({ ...IDLE, source: 'screen' })
    const outcome = await call('bridges.read-qr-from-screen')
    if (!outcome.ok) {
      const isForbidden = outcome.error.kind === 'screen-not-allowed'
      setState(isForbidden ? { ...IDLE, fault: 'screen-not-allowed' } : { ...IDLE, error: outcome.error })
      return
    }
    setState(outcome.value === null ? { ...IDLE, fault: 'screen-no-code' } : IDLE)
    if (outcome.value !== null) onText(outcome.value)
  }
  return { ...state, readFile, readScreen }
}
