/** Asks before something that cannot be undone; the safe answer has the focus. */
import { AlertDialog } from '@base-ui/react/alert-dialog'
import { type ReactNode, useRef } from 'react'
import type { CommandError } from '../../electron/ipc/contract.ts'
import { useWords } from '../words/words.tsx'
import { Button } from './Button.tsx'
import { ErrorNote } from './ErrorNote.tsx'

interface ConfirmDialogProps {
  readonly isOpen: boolean
  readonly title: string
  readonly about: ReactNode
  readonly children?: ReactNode
  /** What the button that does it says. */
  readonly confirmLabel: string
  readonly isDangerous?: boolean
  readonly isBusy?: boolean
  readonly error?: CommandError | undefined
  readonly onConfirm: () => void
  readonly onClose: () => void
}

export function ConfirmDialog(props: ConfirmDialogProps): ReactNode {
  const { isOpen, title, about, children, confirmLabel, isDangerous = false, isBusy = false } = props
  const words = useWords()
  const cancel = useRef<HTMLButtonElement>(null)
  return (
    <AlertDialog.Root
      open={isOpen}
      onOpenChange={(next) => {
        if (!next) props.onClose()
      }}
    >
      <AlertDialog.Portal>
        <AlertDialog.Backdrop className="fixed inset-0 z-40 bg-black/45" />
        <AlertDialog.Popup
          initialFocus={cancel}
          className="fixed inset-0 z-40 m-auto flex h-fit max-h-[calc(100dvh-2rem)] w-[min(30rem,calc(100vw-2rem))] flex-col gap-3 overflow-y-auto rounded-card border border-line bg-raised p-5 text-ink shadow-lg"
        >
          <AlertDialog.Title className="text-base font-semibold">{title}</AlertDialog.Title>
          <AlertDialog.Description className="text-soft">{about}</AlertDialog.Description>
          {children}
          <ErrorNote error={props.error} />
          <div className="mt-1 flex flex-wrap justify-end gap-2">
            <Button ref={cancel} onClick={props.onClose}>
              {words('common-cancel')}
            </Button>
            <Button kind={isDangerous ? 'danger' : 'primary'} isBusy={isBusy} onClick={props.onConfirm}>
              {confirmLabel}
            </Button>
          </div>
        </AlertDialog.Popup>
      </AlertDialog.Portal>
    </AlertDialog.Root>
  )
}
