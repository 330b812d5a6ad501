/** The text that a person can send to whoever helps: shown whole before it is copied, and sent by nobody. */
import { EyeOff, FileText, RotateCw } from 'lucide-react'
import { type ReactNode, useCallback, useEffect, useState } from 'react'
import type { CommandOutcome } from '../../../electron/ipc/contract.ts'
import { call } from '../../bridge.ts'
import { Button } from '../../components/Button.tsx'
import { CopyButton } from '../../components/CopyButton.tsx'
import { Dialog } from '../../components/Dialog.tsx'
import { ErrorNote } from '../../components/ErrorNote.tsx'
import { useWords } from '../../words/words.tsx'

export function SupportDialog({ onClose }: { readonly onClose: () => void }): ReactNode {
  const words = useWords()
  const [outcome, make] = usePreview()
  const text = outcome?.ok === true ? outcome.value : undefined
  return (
    <Dialog
      isOpen
      title={words('logs-support-title')}
      about={words('logs-support-about')}
      onClose={onClose}
      actions={
        <>
          <Button icon={RotateCw} isBusy={outcome === undefined} onClick={make}>
            {words('logs-support-again')}
          </Button>
          {text !== undefined && <CopyButton text={text} label={words('logs-support-copy')} isWide />}
        </>
      }
    >
      <ul className="flex flex-col gap-1.5">
        <li className="flex items-start gap-2">
          <FileText aria-hidden className="mt-0.5 size-4 shrink-0 text-soft" />
          {words('logs-support-in')}
        </li>
        <li className="flex items-start gap-2">
          <EyeOff aria-hidden className="mt-0.5 size-4 shrink-0 text-good" />
          {words('logs-support-out')}
        </li>
      </ul>
      <ErrorNote error={outcome?.ok === false ? outcome.error : undefined} />
      {text === undefined ? (
        <p role="status" className="text-soft">
          {outcome === undefined && words('logs-support-making')}
        </p>
      ) : (
        <section className="flex min-h-0 flex-col gap-1" aria-label={words('logs-support-text')}>
          <p className="text-xs text-soft">
            {words('logs-support-size', { lines: text.split('\n').length })}
          </p>
          <pre
            // Focusable, for it scrolls: whoever has no mouse must be able to read all of it.
            tabIndex={0}
            aria-label={words('logs-support-text')}
            dir="ltr"
            className="copyable h-[min(18rem,38dvh)] overflow-auto rounded-control border border-edge bg-sunken p-2.5 font-mono text-xs leading-5 break-words whitespace-pre-wrap"
          >
            {text}
          </pre>
        </section>
      )}
    </Dialog>
  )
}

/** Undefined while it is being made. */
function usePreview(): readonly [outcome: CommandOutcome<string> | undefined, make: () => void] {
  const [outcome, setOutcome] = useState<CommandOutcome<string> | undefined>(undefined)
  const [round, setRound] = useState(0)
  useEffect(() => {
    let isStale = false
    setOutcome(undefined)
    void call('support.preview').then((answer) => {
      if (!isStale) setOutcome(answer)
    })
    return () => {
      isStale = true
    }
  }, [round])
  const make = useCallback(() => setRound((count) => count + 1), [])
  return [outcome, make]
}
