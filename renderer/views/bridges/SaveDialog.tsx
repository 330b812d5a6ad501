/** Saves bridges to a file: sealed by a passphrase, or open only after saying so. Where to, main asks. */
import { type ReactNode, useId, useState } from 'react'
import type { CommandError } from '../../../electron/ipc/contract.ts'
import type { BridgeView } from '../../../electron/ipc/snapshot-bridges.ts'
import { announce } from '../../components/announce.ts'
import { Button } from '../../components/Button.tsx'
import { Dialog } from '../../components/Dialog.tsx'
import { ErrorNote } from '../../components/ErrorNote.tsx'
import { Field } from '../../components/Field.tsx'
import { Notice } from '../../components/Notice.tsx'
import { Switch } from '../../components/Switch.tsx'
import { useCommand } from '../../state/use-command.ts'
import { useWords } from '../../words/words.tsx'
import { type PassphraseFault, passphraseFault } from './passphrase.ts'

interface SaveDialogProps {
  readonly bridges: readonly BridgeView[]
  readonly onClose: () => void
}

export function SaveDialog({ bridges, onClose }: SaveDialogProps): ReactNode {
  const words = useWords()
  const formId = useId()
  const saving = useSaving(bridges, onClose)
  const { isSealed } = saving
  return (
    <Dialog
      isOpen
      title={words('bridges-save-title', { count: bridges.length })}
      about={words('bridges-save-about')}
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>{words('common-cancel')}</Button>
          <Button
            type="submit"
            form={formId}
            kind={isSealed ? 'primary' : 'danger'}
            isBusy={saving.isRunning}
          >
            {words(isSealed ? 'bridges-save-confirm' : 'bridges-save-confirm-open')}
          </Button>
        </>
      }
    >
      <form
        id={formId}
        noValidate
        className="flex flex-col gap-3"
        onSubmit={(event) => {
          event.preventDefault()
          void saving.save()
        }}
      >
        <Switch
          label={words('bridges-save-seal')}
          about={words('bridges-save-seal-about')}
          isOn={isSealed}
          onChange={saving.setIsSealed}
        />
        {isSealed ? <Passphrase {...saving} /> : <OpenWarning />}
      </form>
      <ErrorNote error={saving.error} />
    </Dialog>
  )
}

interface Saving extends PassphraseProps {
  readonly isSealed: boolean
  readonly setIsSealed: (isSealed: boolean) => void
  readonly save: () => Promise<void>
  readonly isRunning: boolean
  readonly error: CommandError | undefined
}

function useSaving(bridges: readonly BridgeView[], onSaved: () => void): Saving {
  const words = useWords()
  const [isSealed, setIsSealed] = useState(true)
  const [passphrase, setPassphrase] = useState('')
  const [repeated, setRepeated] = useState('')
  const [isTried, setIsTried] = useState(false)
  const { run, isRunning, error } = useCommand('bridges.save-file')
  const fault = isSealed ? passphraseFault(passphrase, repeated) : undefined
  const save = async (): Promise<void> => {
    setIsTried(true)
    if (isRunning || fault !== undefined) return
    const outcome = await run({
      ids: bridges.map(({ id }) => id),
      passphrase: isSealed ? passphrase : null,
    })
    if (!outcome.ok || outcome.value === 'cancelled') return
    announce(words('bridges-saved-to-file', { count: bridges.length }))
    onSaved()
  }
  return {
    isSealed,
    setIsSealed,
    save,
    isRunning,
    error,
    texts: [passphrase, repeated],
    // Not before somebody has tried: nobody is told that an empty field is too short.
    fault: isTried ? fault : undefined,
    onChange: setPassphrase,
    onRepeat: setRepeated,
  }
}

function OpenWarning(): ReactNode {
  const words = useWords()
  return (
    <div role="status">
      <Notice tone="bad">{words('bridges-save-open-warning')}</Notice>
    </div>
  )
}

interface PassphraseProps {
  readonly texts: readonly [string, string]
  readonly fault: PassphraseFault | undefined
  readonly onChange: (text: string) => void
  readonly onRepeat: (text: string) => void
}

/** Twice, for one that was mistyped would lock the bridges away for good. */
function Passphrase({
  texts: [passphrase, repeated],
  fault,
  onChange,
  onRepeat,
}: PassphraseProps): ReactNode {
  const words = useWords()
  return (
    <>
      <Field
        type="password"
        autoComplete="new-password"
        label={words('bridges-passphrase')}
        about={words('bridges-passphrase-hint')}
        value={passphrase}
        fault={fault === 'too-short' ? words('bridges-passphrase-too-short') : undefined}
        onChange={(event) => onChange(event.target.value)}
      />
      <Field
        type="password"
        autoComplete="new-password"
        label={words('bridges-passphrase-again')}
        value={repeated}
        fault={fault === 'differs' ? words('bridges-passphrase-differs') : undefined}
        onChange={(event) => onRepeat(event.target.value)}
      />
    </>
  )
}
