/** What the bridge service answered: kinds of bridges, to be looked at line by line before any is added. */
import type { ReactNode } from 'react'
import type { HelpSetting, HelpView } from '../../../electron/ipc/snapshot-ways.ts'
import { Ago } from '../../components/Ago.tsx'
import { announce } from '../../components/announce.ts'
import { Button } from '../../components/Button.tsx'
import { CountryName } from '../../components/CountryName.tsx'
import { ErrorNote } from '../../components/ErrorNote.tsx'
import { Notice } from '../../components/Notice.tsx'
import { useSnapshot } from '../../state/store.ts'
import { useCommand } from '../../state/use-command.ts'
import { useWords } from '../../words/words.tsx'
import { useTransportWords } from './transport-words.ts'

interface HelpAnswerListProps {
  readonly help: HelpView
  readonly onReview: (text: string) => void
}

export function HelpAnswerList({ help, onReview }: HelpAnswerListProps): ReactNode {
  const words = useWords()
  const { answer, askedMs } = help
  if (answer === undefined) return null
  if (answer.settings.length === 0) {
    return (
      <div data-help="answered">
        <Notice>
          <p>{words('help-no-blocking')}</p>
        </Notice>
      </div>
    )
  }
  return (
    <div data-help="answered" className="flex flex-col gap-2">
      <p className="flex flex-wrap items-baseline gap-x-2">
        <span className="font-medium">{words('help-answered')}</span>
        {answer.country !== undefined && <CountryName country={answer.country} />}
        {askedMs !== undefined && (
          <span className="text-xs text-soft">
            <Ago atMs={askedMs} />
          </span>
        )}
      </p>
      <ul className="flex flex-col divide-y divide-line rounded-control border border-line">
        {answer.settings.map((setting) => (
          <Setting key={`${setting.source} ${setting.transport}`} setting={setting} onReview={onReview} />
        ))}
      </ul>
    </div>
  )
}

interface SettingProps {
  readonly setting: HelpSetting
  readonly onReview: (text: string) => void
}

function Setting({ setting: { transport, source, lines }, onReview }: SettingProps): ReactNode {
  const words = useWords()
  const transportWords = useTransportWords()
  const isSpoken = useSnapshot((snapshot) => snapshot.bridges.transports.includes(transport))
  const choose = useCommand('bridges.choose-built-in')
  const change = useCommand('settings.change')
  const name = transportWords.name(transport)
  const use = async (): Promise<void> => {
    const outcome = await choose.run(transport)
    if (!outcome.ok) return
    await change.run({ useBridges: true })
    announce(words('bridges-built-in-chosen-now', { name }))
  }
  return (
    <li className="flex flex-col gap-1.5 px-3 py-2">
      <div className="flex flex-wrap items-center justify-between gap-x-4 gap-y-1.5">
        <div className="min-w-0 grow basis-64">
          <p className="flex flex-wrap items-baseline gap-x-2">
            <span className="font-medium">{name}</span>
            <span className="text-xs text-soft">
              {words(`help-source-${source}`, { count: lines.length })}
            </span>
          </p>
          <p className="max-w-prose text-soft">{transportWords.about(transport)}</p>
        </div>
        {!isSpoken ? (
          <span className="text-xs text-soft">{words('bridges-built-in-coming')}</span>
        ) : source === 'requested' ? (
          <Button onClick={() => onReview(lines.join('\n'))}>{words('help-review')}</Button>
        ) : (
          <Button
            isBusy={choose.isRunning || change.isRunning}
            aria-label={words('bridges-built-in-use-name', { name })}
            onClick={() => void use()}
          >
            {words('bridges-built-in-use')}
          </Button>
        )}
      </div>
      <ErrorNote error={choose.error ?? change.error} />
    </li>
  )
}
