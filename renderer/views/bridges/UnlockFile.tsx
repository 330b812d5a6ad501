/** Asks for the passphrase of the file that was chosen. */
import { LockKeyhole } from 'lucide-react'
import { type KeyboardEvent, type ReactNode, useState } from 'react'
import { Button } from '../../components/Button.tsx'
import { Field } from '../../components/Field.tsx'
import { useWords } from '../../words/words.tsx'
import type { BridgeFileReader } from './use-bridge-file.ts'

export function UnlockFile({ file }: { readonly file: BridgeFileReader }): ReactNode {
  const words = useWords()
  const [passphrase, setPassphrase] = useState('')
  const unlock = (): void => {
    if (passphrase !== '' && !file.isBusy) void file.unlock(passphrase)
  }
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key !== 'Enter') return
    event.preventDefault()
    unlock()
  }
  return (
    <div className="flex flex-col gap-2 rounded-control border border-line bg-sunken p-3">
      <Field
        autoFocus
        type="password"
        label={words('bridges-unlock')}
        about={words('bridges-unlock-about')}
        value={passphrase}
        onChange={(event) => setPassphrase(event.target.value)}
        onKeyDown={onKeyDown}
      />
      <div className="flex flex-wrap gap-2">
        <Button
          kind="primary"
          icon={LockKeyhole}
          isBusy={file.isBusy}
          disabled={passphrase === ''}
          onClick={unlock}
        >
          {words('bridges-unlock-confirm')}
        </Button>
        <Button kind="quiet" onClick={file.giveUp}>
          {words('common-cancel')}
        </Button>
      </div>
    </div>
  )
}
