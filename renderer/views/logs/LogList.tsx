/** The lines, drawn in chunks: what is not in view is not laid out, and what did not change is not drawn again. */
import { memo, type ReactNode } from 'react'
import type { LogLevelName, LogLine } from '../../../electron/ipc/contract.ts'
import { classNames } from '../../components/class-names.ts'
import { useFormat, useWords } from '../../words/words.tsx'
import { chunkLines } from './log-lines.ts'

const INKS: Readonly<Record<LogLevelName, string>> = {
  err: 'text-bad',
  warn: 'text-warn',
  notice: 'text-accent',
  info: 'text-soft',
  debug: 'text-soft',
}

interface LogListProps {
  readonly lines: readonly LogLine[]
  /** Changes with the filter: then the same ends of a chunk do not mean the same lines between them. */
  readonly filterKey: string
}

export function LogList({ lines, filterKey }: LogListProps): ReactNode {
  return chunkLines(lines).map((chunk) => <Chunk key={chunk.key} lines={chunk.lines} filterKey={filterKey} />)
}

const Chunk = memo(
  function Chunk({ lines }: LogListProps): ReactNode {
    return (
      <ul className="[contain-intrinsic-size:auto_2000px] [content-visibility:auto]">
        {lines.map((line) => (
          <Line key={line.id} line={line} />
        ))}
      </ul>
    )
  },
  (before, now) =>
    before.filterKey === now.filterKey &&
    before.lines.length === now.lines.length &&
    before.lines[0] === now.lines[0] &&
    before.lines.at(-1) === now.lines.at(-1),
)

function Line({ line }: { readonly line: LogLine }): ReactNode {
  const words = useWords()
  const format = useFormat()
  const { atMs, level, domain, text } = line
  const isGrave = level === 'err' || level === 'warn'
  return (
    <li
      data-level={level}
      className={classNames(
        'flex flex-wrap gap-x-2 border-s-2 px-2.5 py-0.5 lg:flex-nowrap',
        level === 'err'
          ? 'border-bad bg-bad/6'
          : level === 'warn'
            ? 'border-warn bg-warn/6'
            : 'border-transparent',
      )}
    >
      <time dateTime={new Date(atMs).toISOString()} className="tabular shrink-0 text-soft">
        {format.time(atMs)}
      </time>
      <span className={classNames('w-14 shrink-0', INKS[level], isGrave && 'font-semibold')}>
        {words(`logs-line-${level}`)}
      </span>
      <span className="w-24 shrink-0 truncate text-soft" title={domain}>
        {domain}
      </span>
      <bdi dir="ltr" className="w-full min-w-0 break-words whitespace-pre-wrap lg:w-auto lg:grow">
        {text}
      </bdi>
    </li>
  )
}
