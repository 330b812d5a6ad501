/** Asks before bridges go for good: a line that nobody else has cannot be brought back. */
import type { ReactNode } from 'react'
import type { BridgeView } from '../../../electron/ipc/snapshot-bridges.ts'
import { announce } from '../../components/announce.ts'
import { ConfirmDialog } from '../../components/ConfirmDialog.tsx'
import { CopyButton } from '../../components/CopyButton.tsx'
import { Notice } from '../../components/Notice.tsx'
import { useCommand } from '../../state/use-command.ts'
import { useWords } from '../../words/words.tsx'
import { EmojiCheck } from './EmojiCheck.tsx'
import { useTransportWords } from './transport-words.ts'

/** More would only make the dialog long. */
const MAX_NAMED = 5

interface RemoveDialogProps {
  readonly bridges: readonly BridgeView[]
  readonly onClose: () => void
}

export function RemoveDialog({ bridges, onClose }: RemoveDialogProps): ReactNode {
  const words = useWords()
  const transport = useTransportWords()
  const remove = useCommand('bridges.remove')
  const confirm = async (): Promise<void> => {
    const outcome = await remove.run(bridges.map(({ id }) => id))
    if (!outcome.ok) return
    announce(words('bridges-removed', { count: bridges.length }))
    onClose()
  }
  return (
    <ConfirmDialog
      isOpen
      title={words('bridges-remove-title', { count: bridges.length })}
      about={words('bridges-remove-added')}
      confirmLabel={words('bridges-remove-confirm')}
      isDangerous
      isBusy={remove.isRunning}
      error={remove.error}
      onConfirm={() => void confirm()}
      onClose={onClose}
    >
      <ul className="flex flex-col gap-1.5">
        {bridges.slice(0, MAX_NAMED).map(({ id, emoji, transport: spoken, address }) => (
          <li key={id} className="flex min-w-0 items-center gap-2">
            <EmojiCheck emoji={emoji} />
            <span className="shrink-0 font-medium">{transport.name(spoken)}</span>
            <bdi dir="ltr" className="min-w-0 truncate font-mono text-xs text-soft">
              {address}
            </bdi>
          </li>
        ))}
      </ul>
      {bridges.length > MAX_NAMED && (
        <p className="text-soft">{words('bridges-more', { count: bridges.length - MAX_NAMED })}</p>
      )}
      {bridges.some(({ health }) => health === 'in-use') && (
        <Notice tone="warn">{words('bridges-remove-in-use')}</Notice>
      )}
      <div>
        <CopyButton
          text={bridges.map(({ line }) => line).join('\n')}
          label={words('bridges-remove-copy')}
          isWide
        />
      </div>
    </ConfirmDialog>
  )
}
