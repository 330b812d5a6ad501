/**
 * Asks the bridge service for bridges that work where the person is. How it goes is a state of main's, shown path by
 * path; that the service is out of reach is said as that, and not as anything about a country.
 */
import { LifeBuoy } from 'lucide-react'
import { type ReactNode, useEffect, useRef, useState } from 'react'
import type { HelpView } from '../../../electron/ipc/snapshot-ways.ts'
import { announce } from '../../components/announce.ts'
import { Button } from '../../components/Button.tsx'
import { Card } from '../../components/Card.tsx'
import { ErrorNote, useErrorWords } from '../../components/ErrorNote.tsx'
import { Notice } from '../../components/Notice.tsx'
import { Select } from '../../components/Select.tsx'
import { useSnapshot } from '../../state/store.ts'
import { useCommand } from '../../state/use-command.ts'
import { useWords } from '../../words/words.tsx'
import { DoctorButton } from '../doctor/DoctorButton.tsx'
import { useCountryOptions } from '../ways/FindingCard.tsx'
import { HelpTries } from '../ways/HelpTries.tsx'
import { HelpAnswerList } from './HelpAnswerList.tsx'

/** The service looks for itself where the question comes from. */
const BY_SERVICE = 'service'
/** These are told by the state of the help, with more than an error says. */
const TOLD_BY_STATE: ReadonlySet<string> = new Set([
  'help-unreachable',
  'help-no-country',
  'help-no-transport',
  'help-refused',
  'help-malformed',
  'aborted',
])

export function AskCard({ onReview }: { readonly onReview: (text: string) => void }): ReactNode {
  const words = useWords()
  const help = useSnapshot((snapshot) => snapshot.ways.help)
  const known = useSnapshot((snapshot) => snapshot.settings.country ?? snapshot.ways.country.code)
  const [chosen, setChosen] = useState<string | undefined>(undefined)
  const isConnected = useSnapshot((snapshot) => snapshot.connection.tor === 'connected')
  const ask = useCommand('help.ask')
  const cancel = useCommand('help.cancel')
  const options = useCountryOptions({ value: BY_SERVICE, label: words('help-country-service') })
  const country = chosen ?? known ?? BY_SERVICE
  const isAsking = help.state === 'asking' || ask.isRunning
  useHelpAnnouncement(help)
  return (
    <Card title={words('help-title')} about={words(isConnected ? 'help-about-tor' : 'help-about')}>
      <div className="flex flex-wrap items-end gap-2">
        <Select
          label={words('help-country')}
          value={country}
          options={options}
          isDisabled={isAsking}
          onChange={setChosen}
        />
        {isAsking ? (
          <Button isBusy={cancel.isRunning} onClick={() => void cancel.run()}>
            {words('help-cancel')}
          </Button>
        ) : (
          <Button
            kind="primary"
            icon={LifeBuoy}
            onClick={() => void ask.run({ country: country === BY_SERVICE ? null : country })}
          >
            {words(help.state === 'never-asked' ? 'help-ask' : 'help-ask-again')}
          </Button>
        )}
      </div>
      <Outcome help={help} onReview={onReview} />
      <ErrorNote
        error={ask.error !== undefined && TOLD_BY_STATE.has(ask.error.kind) ? undefined : ask.error}
      />
    </Card>
  )
}

interface OutcomeProps {
  readonly help: HelpView
  readonly onReview: (text: string) => void
}

function Outcome({ help, onReview }: OutcomeProps): ReactNode {
  const words = useWords()
  const errorWords = useErrorWords()
  switch (help.state) {
    case 'never-asked':
      return null
    case 'asking':
      return (
        <div data-help="asking" role="status">
          <p className="font-medium">{words('help-state-asking')}</p>
          <HelpTries tries={help.tries} />
        </div>
      )
    case 'answered':
      return <HelpAnswerList help={help} onReview={onReview} />
    case 'unreachable':
      return (
        <div data-help="unreachable">
          <Notice tone="warn" title={words('help-unreachable')} action={<DoctorButton />}>
            <p>{words('help-unreachable-about')}</p>
            <HelpTries tries={help.tries} />
            <p className="mt-1">{words('help-unreachable-next')}</p>
          </Notice>
        </div>
      )
    case 'nothing':
      return (
        <div data-help="nothing">
          <Notice tone="warn" title={words('help-nothing')}>
            <p>{errorWords(help.reason?.kind ?? 'help-no-transport')}</p>
          </Notice>
        </div>
      )
  }
}

/** What became of the question is told, not only shown. */
function useHelpAnnouncement({ state }: HelpView): void {
  const words = useWords()
  const before = useRef(state)
  useEffect(() => {
    if (before.current === state) return
    before.current = state
    if (state !== 'never-asked') announce(words(`help-told-${state}`))
  }, [state, words])
}
