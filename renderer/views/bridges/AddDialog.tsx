/** Adds bridges in two steps: what was pasted or read from a picture, line by line, then what exactly will be added. */
import { type ReactNode, useState } from 'react'
import type { BridgeLineResult } from '../../../electron/ipc/snapshot-bridges.ts'
import { announce } from '../../components/announce.ts'
import { Button } from '../../components/Button.tsx'
import { Dialog } from '../../components/Dialog.tsx'
import { useWords } from '../../words/words.tsx'
import { ConfirmStep } from './ConfirmStep.tsx'
import { EnterStep } from './EnterStep.tsx'
import { useAddBridges } from './use-add-bridges.ts'
import { useBridgeCheck } from './use-bridge-check.ts'

interface AddDialogProps {
  /** What a picture that was dropped on the view held. */
  readonly initialText: string
  readonly onClose: () => void
}

export function AddDialog({ initialText, onClose }: AddDialogProps): ReactNode {
  const words = useWords()
  const [text, setText] = useState(initialText)
  const [isConfirming, setIsConfirming] = useState(false)
  const [useThem, setUseThem] = useState(true)
  const check = useBridgeCheck(text)
  const adding = useAddBridges()
  const good = check.results.filter(({ fault }) => fault === undefined)
  const isReady = good.length > 0 && !check.isChecking

  const add = async (): Promise<void> => {
    const refused = await adding.run(good, useThem)
    if (refused === undefined) return
    announce(words('bridges-added', { count: good.length - refused.length }))
    if (refused.length === 0) onClose()
    else setIsConfirming(false)
  }

  // One dialog for both steps: its buttons stay where they are, and the focus with them.
  const step = isConfirming
    ? {
        title: words('bridges-confirm-title', { count: good.length }),
        backLabel: words('bridges-add-back'),
        onBack: () => setIsConfirming(false),
        nextLabel: words('bridges-confirm-add', { count: good.length }),
        onNext: () => void add(),
      }
    : {
        title: words('bridges-add-title'),
        backLabel: words('common-cancel'),
        onBack: onClose,
        nextLabel: words('bridges-add-continue'),
        onNext: () => setIsConfirming(true),
      }
  return (
    <Dialog
      isOpen
      title={step.title}
      about={isConfirming && hasEmoji(good) ? words('bridges-confirm-hint') : undefined}
      onClose={onClose}
      actions={
        <>
          <Button onClick={step.onBack}>{step.backLabel}</Button>
          <Button kind="primary" disabled={!isReady} isBusy={adding.isRunning} onClick={step.onNext}>
            {step.nextLabel}
          </Button>
        </>
      }
    >
      {isConfirming ? (
        <ConfirmStep
          good={good}
          leftOut={check.results.length - good.length}
          useThem={useThem}
          onUseThem={setUseThem}
          error={adding.error}
        />
      ) : (
        <EnterStep text={text} check={check} onText={setText} onContinue={() => setIsConfirming(isReady)} />
      )}
    </Dialog>
  )
}

const hasEmoji = (lines: readonly BridgeLineResult[]): boolean =>
  lines.some(({ bridge }) => bridge !== undefined)
