/** The state in one headline, one plain sentence, what to do next, and the button that does it. */
import { ArrowRight, Hourglass } from 'lucide-react'
import type { ReactNode } from 'react'
import type { ViewName } from '../../../electron/ipc/contract.ts'
import { Button } from '../../components/Button.tsx'
import { classNames } from '../../components/class-names.ts'
import { ErrorNote } from '../../components/ErrorNote.tsx'
import { showView } from '../../state/navigation.ts'
import { useSnapshot } from '../../state/store.ts'
import { useCommand } from '../../state/use-command.ts'
import { useWords } from '../../words/words.tsx'
import { DoctorButton } from '../doctor/DoctorButton.tsx'
import { BigButton } from './BigButton.tsx'
import { type NextPlace, type StateLook, type Tone } from './state-look.ts'
import { StepLine } from './Steps.tsx'
import { WithoutRules } from './WithoutRules.tsx'
import { useStateLook, useStateWords } from './state-words.ts'

const INKS: Readonly<Record<Tone, string>> = {
  idle: 'text-ink',
  working: 'text-ink',
  good: 'text-good',
  warn: 'text-warn',
  bad: 'text-bad',
}

export function Hero(): ReactNode {
  const connection = useSnapshot((snapshot) => snapshot.connection)
  const { look, search } = useStateLook()
  const texts = useStateWords()
  const start = useCommand('connection.start')
  const stop = useCommand('connection.stop')
  const press = (): void => {
    if (look.press === 'add-bridge') showView('bridges')
    else if (look.press === 'connect' || look.press === 'retry') void start.run()
    else void stop.run()
  }
  return (
    <section
      data-state={connection.state}
      data-tone={look.tone}
      data-search={search.kind}
      className="flex items-center gap-5 max-sm:flex-col sm:gap-8"
    >
      <BigButton
        press={look.press}
        tone={look.tone}
        percent={look.isUnderWay ? connection.percent : undefined}
        isBusy={start.isRunning || stop.isRunning}
        onPress={press}
      />
      <div className="flex min-w-0 grow flex-col gap-2.5">
        <Headline text={texts.headline} tone={look.tone} />
        <p className="max-w-[34rem] text-[0.9375rem]">{texts.about}</p>
        <Next text={texts.next} look={look} onGiveUp={() => void stop.run()} />
        {look.isUnderWay && <StepLine />}
        <ErrorNote error={start.error ?? stop.error} />
      </div>
    </section>
  )
}

function Headline({ text, tone }: { readonly text: string; readonly tone: Tone }): ReactNode {
  return (
    <h1 className={classNames('text-2xl font-semibold tracking-tight text-balance', INKS[tone])}>{text}</h1>
  )
}

interface NextProps {
  readonly text: string | undefined
  readonly look: StateLook
  readonly onGiveUp: () => void
}

/** The one next step. */
function Next({ text, look, onGiveUp }: NextProps): ReactNode {
  const words = useWords()
  if (text === undefined) return null
  const hasAction = look.place !== 'none' || look.press === 'retry' || look.offersDoctor
  const Icon = look.place === 'none' && look.tone !== 'good' ? Hourglass : ArrowRight
  return (
    <div data-next={look.place} className="flex max-w-[34rem] flex-col gap-2">
      <p className="flex items-start gap-2 text-soft">
        <Icon aria-hidden className="mt-0.5 size-4 shrink-0 rtl:-scale-x-100" />
        <span>{text}</span>
      </p>
      {hasAction && (
        <div className="flex flex-wrap gap-2 ps-6">
          {look.place !== 'none' && (
            <Button
              kind={look.tone === 'warn' || look.place === 'bridges' ? 'primary' : 'normal'}
              onClick={() => showView(viewOf(look.place))}
            >
              {words(`connect-place-${look.place}`)}
            </Button>
          )}
          <WithoutRules />
          {look.offersDoctor && <DoctorButton />}
          {look.press === 'retry' && (
            <Button kind="quiet" onClick={onGiveUp}>
              {words('connect-give-up')}
            </Button>
          )}
        </div>
      )}
    </div>
  )
}

function viewOf(place: NextPlace): ViewName {
  return place === 'none' ? 'connect' : place
}
