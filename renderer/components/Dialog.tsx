/** A window within the window: holds the focus, closes with Escape, gives the focus back. */
import { Dialog as BaseDialog } from '@base-ui/react/dialog'
import { X } from 'lucide-react'
import type { ReactNode } from 'react'
import { useWords } from '../words/words.tsx'
import { IconButton } from './IconButton.tsx'

interface DialogProps {
  readonly isOpen: boolean
  readonly title: string
  readonly about?: ReactNode
  readonly children?: ReactNode
  /** The row of buttons at its end; the one that does it comes last. */
  readonly actions?: ReactNode
  readonly onClose: () => void
}

export function Dialog({ isOpen, title, about, children, actions, onClose }: DialogProps): ReactNode {
  const words = useWords()
  return (
    <BaseDialog.Root
      open={isOpen}
      onOpenChange={(next) => {
        if (!next) onClose()
      }}
    >
      <BaseDialog.Portal>
        <BaseDialog.Backdrop className="fixed inset-0 z-40 bg-black/45" />
        <BaseDialog.Popup className="fixed inset-0 z-40 m-auto flex h-fit max-h-[calc(100dvh-2rem)] w-[min(34rem,calc(100vw-2rem))] flex-col gap-3 overflow-y-auto rounded-card border border-line bg-raised p-5 text-ink shadow-lg">
          <div className="flex items-start justify-between gap-3">
            <BaseDialog.Title className="text-base font-semibold">{title}</BaseDialog.Title>
            <IconButton icon={X} label={words('common-close')} onClick={onClose} />
          </div>
          {about !== undefined && (
            <BaseDialog.Description className="text-soft">{about}</BaseDialog.Description>
          )}
          {children}
          {actions !== undefined && <div className="mt-1 flex flex-wrap justify-end gap-2">{actions}</div>}
        </BaseDialog.Popup>
      </BaseDialog.Portal>
    </BaseDialog.Root>
  )
}
