/** What a person can do with a circuit, or with the circuits of a set as one: copy what is known of it, see the rules of its sites, close it. */
import { Split, X } from 'lucide-react'
import { type ReactNode, useState } from 'react'
import { announce } from '../../components/announce.ts'
import { Button } from '../../components/Button.tsx'
import { ConfirmDialog } from '../../components/ConfirmDialog.tsx'
import { CopyButton } from '../../components/CopyButton.tsx'
import { ErrorNote } from '../../components/ErrorNote.tsx'
import { useCommand } from '../../state/use-command.ts'
import { useFormat, useWords } from '../../words/words.tsx'
import type { Ways } from './circuit-groups.ts'
import { detailsText } from './circuit-words.ts'
import { openSite } from './selection.ts'

interface CircuitActionsProps {
  readonly ways: Ways
  readonly age: string
}

export function CircuitActions({ ways, age }: CircuitActionsProps): ReactNode {
  const [circuit] = ways
  const words = useWords()
  const format = useFormat()
  const close = useCommand('circuit.close')
  const [isAsking, setIsAsking] = useState(false)
  const closeNow = async (): Promise<void> => {
    const outcome = await close.run(circuit.id)
    if (!outcome.ok) return
    setIsAsking(false)
    announce(words('circuits-closed-announce'))
  }
  const unknownCountry = words('common-unknown-country')
  return (
    <div className="flex flex-col gap-2">
      <div className="flex flex-wrap gap-2">
        <CopyButton
          isWide
          label={words('circuits-copy')}
          text={ways.map((way) => detailsText(way, age, { words, format, unknownCountry })).join('\n')}
        />
        {circuit.sites.length > 0 && (
          <Button icon={Split} onClick={() => openSite(circuit.sites[0] ?? '')}>
            {words('circuits-show-site', { site: circuit.sites[0] ?? '' })}
          </Button>
        )}
        {circuit.state !== 'closed' && (
          <Button
            kind="danger"
            icon={X}
            isBusy={close.isRunning}
            onClick={() => (circuit.streams > 0 ? setIsAsking(true) : void closeNow())}
          >
            {words('circuits-close')}
          </Button>
        )}
      </div>
      {!isAsking && <ErrorNote error={close.error} />}
      <ConfirmDialog
        isOpen={isAsking}
        title={words('circuits-close-title')}
        about={words('circuits-close-about', { count: circuit.streams })}
        confirmLabel={words('circuits-close')}
        isDangerous
        isBusy={close.isRunning}
        error={close.error}
        onConfirm={() => void closeNow()}
        onClose={() => {
          setIsAsking(false)
          close.clearError()
        }}
      />
    </div>
  )
}
