/** What the app and the core report, and the bundle for whoever helps. */
import { type ReactNode, useDeferredValue, useMemo, useState } from 'react'
import { ErrorNote } from '../../components/ErrorNote.tsx'
import { ViewHeader } from '../../components/ViewHeader.tsx'
import { useWords } from '../../words/words.tsx'
import { filterLines, type LogFilter } from './log-lines.ts'
import { LogList } from './LogList.tsx'
import { LogTools } from './LogTools.tsx'
import { SupportDialog } from './SupportDialog.tsx'
import { useFollow } from './use-follow.ts'
import { useLogLines } from './use-log-lines.ts'

const USUAL_FILTER: LogFilter = { level: 'notice', text: '' }

export function LogsView(): ReactNode {
  const words = useWords()
  const log = useLogLines()
  const [filter, setFilter] = useState(USUAL_FILTER)
  const [hasSupport, setHasSupport] = useState(false)
  const follow = useFollow()
  // Typing goes before drawing: thousands of lines may be looked through at each key.
  const drawn = useDeferredValue(filter)
  const shown = useMemo(() => filterLines(log.lines, drawn), [log.lines, drawn])
  const total = log.lines.length
  return (
    <>
      <ViewHeader title={words('logs-title')} about={words('logs-intro')} />
      <LogTools
        filter={filter}
        shown={shown}
        isFollowing={follow.isFollowing}
        onFilter={setFilter}
        onFollow={follow.setFollowing}
        onSupport={() => setHasSupport(true)}
      />
      <ErrorNote error={log.error} />
      <div className="flex min-h-44 grow flex-col gap-1">
        <div
          ref={follow.list}
          role="log"
          // Read by whoever goes there; to read out every line as it comes would drown everything else.
          aria-live="off"
          aria-label={words('logs-list')}
          tabIndex={0}
          onScroll={follow.onScroll}
          className="h-0 grow overflow-y-auto rounded-card border border-line bg-raised"
        >
          <div ref={follow.content} className="copyable py-1.5 font-mono text-xs leading-5">
            <LogList lines={shown} filterKey={`${drawn.level} ${drawn.text}`} />
          </div>
          {shown.length === 0 && (
            <p className="p-6 text-center text-soft">{words(emptyWord(log.isLoading, total))}</p>
          )}
        </div>
        <p className="tabular text-xs text-soft">
          {shown.length === total
            ? words('logs-all-shown', { total })
            : words('logs-shown', { shown: shown.length, total })}
        </p>
      </div>
      {hasSupport && <SupportDialog onClose={() => setHasSupport(false)} />}
    </>
  )
}

function emptyWord(isLoading: boolean, total: number): 'logs-loading' | 'logs-empty' | 'logs-none-fit' {
  if (isLoading && total === 0) return 'logs-loading'
  return total === 0 ? 'logs-empty' : 'logs-none-fit'
}
