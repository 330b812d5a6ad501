/** What of the log is shown, and what can be done with it. */
import { Copy, LifeBuoy } from 'lucide-react'
import type { ReactNode } from 'react'
import type { LogLevelName, LogLine } from '../../../electron/ipc/contract.ts'
import { announce } from '../../components/announce.ts'
import { Button } from '../../components/Button.tsx'
import { ErrorNote } from '../../components/ErrorNote.tsx'
import { Field } from '../../components/Field.tsx'
import { Select } from '../../components/Select.tsx'
import { Switch } from '../../components/Switch.tsx'
import { useCommand } from '../../state/use-command.ts'
import { useWords } from '../../words/words.tsx'
import { LEVELS, linesToText, type LogFilter } from './log-lines.ts'

interface LogToolsProps {
  readonly filter: LogFilter
  readonly shown: readonly LogLine[]
  readonly isFollowing: boolean
  readonly onFilter: (filter: LogFilter) => void
  readonly onFollow: (isFollowing: boolean) => void
  readonly onSupport: () => void
}

export function LogTools(props: LogToolsProps): ReactNode {
  const { filter, shown, isFollowing, onFilter, onFollow, onSupport } = props
  const words = useWords()
  const copy = useCommand('clipboard.write')
  const copyLines = async (): Promise<void> => {
    const { text, count } = linesToText(shown)
    const outcome = await copy.run(text)
    announce(outcome.ok ? words('logs-copied', { count }) : words('common-not-copied'))
  }
  return (
    <>
      <div className="flex flex-wrap items-center gap-x-4 gap-y-2">
        <Select<LogLevelName>
          label={words('logs-level')}
          isLabelHidden
          value={filter.level}
          options={LEVELS.map((level) => ({ value: level, label: words(`logs-level-${level}`) }))}
          onChange={(level) => onFilter({ ...filter, level })}
        />
        <div className="min-w-40 grow basis-40">
          <Field
            label={words('logs-filter')}
            isLabelHidden
            type="search"
            placeholder={words('logs-filter')}
            value={filter.text}
            maxLength={200}
            onChange={(event) => onFilter({ ...filter, text: event.target.value })}
          />
        </div>
        <Switch label={words('logs-follow')} isOn={isFollowing} onChange={onFollow} />
        <div className="flex flex-wrap gap-2">
          <Button icon={Copy} disabled={shown.length === 0} onClick={() => void copyLines()}>
            {words('logs-copy')}
          </Button>
          <Button icon={LifeBuoy} onClick={onSupport}>
            {words('logs-support')}
          </Button>
        </div>
      </div>
      <ErrorNote error={copy.error} />
    </>
  )
}
