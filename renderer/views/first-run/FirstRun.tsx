/** The one question of the first run, with what each answer costs. Nothing is sent before it is answered. */
import { Check, EyeOff, type LucideIcon, Minus, Zap } from 'lucide-react'
import { type ReactNode, useEffect, useId, useRef } from 'react'
import { Button } from '../../components/Button.tsx'
import { ErrorNote } from '../../components/ErrorNote.tsx'
import { call } from '../../bridge.ts'
import { showView } from '../../state/navigation.ts'
import { useCommand } from '../../state/use-command.ts'
import { useWords } from '../../words/words.tsx'

export function FirstRun(): ReactNode {
  const words = useWords()
  const choose = useCommand('entry.choose')
  const heading = useRef<HTMLHeadingElement>(null)
  useEffect(() => heading.current?.focus(), [])
  const answer = async (entry: 'direct' | 'hide'): Promise<void> => {
    const outcome = await choose.run(entry)
    if (!outcome.ok) return
    if (entry === 'hide') showView('bridges')
    // What the button says; whatever comes of it, the next view shows.
    else void call('connection.start')
  }
  return (
    <div className="mx-auto flex w-full max-w-4xl grow flex-col justify-center gap-4">
      <div>
        <h1 ref={heading} tabIndex={-1} className="text-2xl font-semibold tracking-tight outline-none">
          {words('first-run-title')}
        </h1>
        <p className="mt-1 max-w-prose text-[0.9375rem] text-soft">{words('first-run-about')}</p>
      </div>
      <div className="grid gap-4 sm:grid-cols-2">
        <Answer entry="direct" icon={Zap} isBusy={choose.isRunning} onChoose={() => void answer('direct')} />
        <Answer entry="hide" icon={EyeOff} isBusy={choose.isRunning} onChoose={() => void answer('hide')} />
      </div>
      <ErrorNote error={choose.error} />
      <p className="text-soft">{words('first-run-later')}</p>
    </div>
  )
}

interface AnswerProps {
  readonly entry: 'direct' | 'hide'
  readonly icon: LucideIcon
  readonly isBusy: boolean
  readonly onChoose: () => void
}

function Answer({ entry, icon: Icon, isBusy, onChoose }: AnswerProps): ReactNode {
  const words = useWords()
  const id = useId()
  return (
    <section
      aria-labelledby={id}
      data-entry={entry}
      className="flex flex-col gap-3 rounded-card border border-line bg-raised p-4 shadow-card"
    >
      <div className="flex items-center gap-3">
        <span className="flex size-9 shrink-0 items-center justify-center rounded-card bg-accent/12 text-accent">
          <Icon aria-hidden className="size-5" />
        </span>
        <h2 id={id} className="text-base font-semibold">
          {words(`first-run-${entry}`)}
        </h2>
      </div>
      <p>{words(`first-run-${entry}-about`)}</p>
      <ul className="flex grow flex-col gap-1.5">
        <Consequence isGood text={words(`first-run-${entry}-good`)} />
        <Consequence isGood={false} text={words(`first-run-${entry}-cost`)} />
      </ul>
      <div>
        <Button kind={entry === 'direct' ? 'primary' : 'normal'} isBusy={isBusy} onClick={onChoose}>
          {words(`first-run-${entry}-button`)}
        </Button>
      </div>
    </section>
  )
}

function Consequence({ isGood, text }: { readonly isGood: boolean; readonly text: string }): ReactNode {
  const Icon = isGood ? Check : Minus
  return (
    <li className="flex items-start gap-2">
      <Icon aria-hidden className={`mt-0.5 size-4 shrink-0 ${isGood ? 'text-good' : 'text-warn'}`} />
      <span>{text}</span>
    </li>
  )
}
