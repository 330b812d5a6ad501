/** A new identity for all sites: what it changes, what it does not, and what it cannot do for a browser. */
import { CircleCheck, Minus, Sparkles } from 'lucide-react'
import { type ReactNode, useEffect, useState } from 'react'
import type { NewIdentityResult } from '../../../electron/ipc/contract.ts'
import { announce } from '../../components/announce.ts'
import { Button } from '../../components/Button.tsx'
import { Dialog } from '../../components/Dialog.tsx'
import { ErrorNote } from '../../components/ErrorNote.tsx'
import { Notice } from '../../components/Notice.tsx'
import { useCommand } from '../../state/use-command.ts'
import { useWordLookUp, useWords } from '../../words/words.tsx'
import { IDENTITY } from './identity-lists.ts'

/** The button with its dialog; a view that offers a new identity needs nothing else. */
export function NewIdentityButton(): ReactNode {
  const words = useWords()
  const [isOpen, setIsOpen] = useState(false)
  return (
    <>
      <Button icon={Sparkles} onClick={() => setIsOpen(true)}>
        {words('sites-identity')}
      </Button>
      <NewIdentityDialog isOpen={isOpen} onClose={() => setIsOpen(false)} />
    </>
  )
}

interface NewIdentityDialogProps {
  readonly isOpen: boolean
  readonly onClose: () => void
}

export function NewIdentityDialog({ isOpen, onClose }: NewIdentityDialogProps): ReactNode {
  const words = useWords()
  const identity = useCommand('identity.new')
  const { clearError } = identity
  const [result, setResult] = useState<NewIdentityResult | undefined>(undefined)
  useEffect(() => {
    if (!isOpen) return
    setResult(undefined)
    clearError()
  }, [isOpen, clearError])
  const take = async (): Promise<void> => {
    const outcome = await identity.run()
    if (!outcome.ok) return
    setResult(outcome.value)
    announce(words('sites-identity-done'))
  }
  const isDone = result !== undefined
  return (
    <Dialog
      isOpen={isOpen}
      title={isDone ? words('sites-identity-done') : words('sites-identity-title')}
      about={isDone ? words('sites-identity-done-about') : words('sites-identity-about')}
      onClose={onClose}
      actions={
        isDone ? (
          <Button kind="primary" onClick={onClose}>
            {words('common-close')}
          </Button>
        ) : (
          <>
            <Button onClick={onClose}>{words('common-cancel')}</Button>
            <Button kind="primary" isBusy={identity.isRunning} onClick={() => void take()}>
              {words('sites-identity-confirm')}
            </Button>
          </>
        )
      }
    >
      <div className="grid gap-4 sm:grid-cols-2">
        <ItemList kind="change" items={(result ?? IDENTITY).changed} />
        <ItemList kind="keep" items={(result ?? IDENTITY).kept} />
      </div>
      <Notice tone="warn">{words('sites-identity-browser')}</Notice>
      <ErrorNote error={identity.error} />
    </Dialog>
  )
}

function ItemList({
  kind,
  items,
}: {
  readonly kind: 'change' | 'keep'
  readonly items: readonly string[]
}): ReactNode {
  const words = useWords()
  const lookUp = useWordLookUp()
  const Icon = kind === 'change' ? CircleCheck : Minus
  const inWords = (item: string): string => {
    const id = lookUp(`sites-identity-${kind}-${item}`)
    // A newer core may say what we have no words for: better its own than silence.
    return id === undefined ? item : (words as (id: string) => string)(id)
  }
  return (
    <section className="flex flex-col gap-1.5">
      <h3 className="font-semibold">
        {words(kind === 'change' ? 'sites-identity-changes' : 'sites-identity-keeps')}
      </h3>
      <ul className="flex flex-col gap-1.5">
        {items.map((item) => (
          <li key={item} className="flex gap-2">
            <Icon
              aria-hidden
              className={
                kind === 'change' ? 'mt-0.5 size-4 shrink-0 text-good' : 'mt-0.5 size-4 shrink-0 text-soft'
              }
            />
            <span>{inWords(item)}</span>
          </li>
        ))}
      </ul>
    </section>
  )
}
