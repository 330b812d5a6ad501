/** Which programs follow the system proxy, and the exact lines for those that must be told. */
import { ChevronRight } from 'lucide-react'
import type { ReactNode } from 'react'
import type { ProgramGuide, ProgramLine, ProgramObedience } from '../../../electron/ipc/snapshot-programs.ts'
import { Card } from '../../components/Card.tsx'
import { classNames } from '../../components/class-names.ts'
import { CopyButton } from '../../components/CopyButton.tsx'
import { useSnapshot } from '../../state/store.ts'
import { useWords } from '../../words/words.tsx'

const CHIPS: Readonly<Record<ProgramObedience, string>> = {
  follows: 'border-good/50 text-good',
  mostly: 'border-warn/60 text-warn',
  ignores: 'border-bad/50 text-bad',
}

export function Programs(): ReactNode {
  const words = useWords()
  const programs = useSnapshot((snapshot) => snapshot.systemProxy.programs)
  return (
    <Card title={words('system-proxy-programs')} about={words('system-proxy-programs-about')}>
      {programs.length === 0 ? (
        <p className="text-soft">{words('system-proxy-programs-empty')}</p>
      ) : (
        <ul className="flex flex-col divide-y divide-line">
          {programs.map((guide) => (
            <li key={guide.program} className="py-2 first:pt-0 last:pb-0">
              <Program guide={guide} />
            </li>
          ))}
        </ul>
      )}
    </Card>
  )
}

function Program({ guide }: { readonly guide: ProgramGuide }): ReactNode {
  if (guide.lines.length === 0) return <Summary guide={guide} />
  return (
    <details className="group">
      <summary className="list-none rounded-control [&::-webkit-details-marker]:hidden">
        <Summary guide={guide} canOpen />
      </summary>
      <div className="mt-2 flex flex-col gap-2.5 ps-6">
        {guide.lines.map((line) => (
          <Line key={`${line.scope} ${line.where} ${line.text}`} guide={guide} line={line} />
        ))}
      </div>
    </details>
  )
}

function Summary({
  guide,
  canOpen = false,
}: {
  readonly guide: ProgramGuide
  readonly canOpen?: boolean
}): ReactNode {
  const words = useWords()
  return (
    <div className="flex items-start gap-2">
      <ChevronRight
        aria-hidden
        className={classNames(
          'mt-0.5 size-4 shrink-0 text-soft transition-transform group-open:rotate-90 rtl:-scale-x-100',
          !canOpen && 'invisible',
        )}
      />
      <div className="min-w-0 grow">
        <p className="flex flex-wrap items-baseline justify-between gap-x-3">
          <span className="font-medium">{words(`system-proxy-program-${guide.program}`)}</span>
          <span className={classNames('shrink-0 rounded-full border px-2 text-xs', CHIPS[guide.obedience])}>
            {words(`system-proxy-${guide.obedience}`)}
          </span>
        </p>
        <p className="max-w-prose text-soft">{words(`system-proxy-program-${guide.program}-about`)}</p>
      </div>
    </div>
  )
}

function Line({ guide, line }: { readonly guide: ProgramGuide; readonly line: ProgramLine }): ReactNode {
  const words = useWords()
  const program = words(`system-proxy-program-${guide.program}`)
  const where =
    line.where === 'file'
      ? words('system-proxy-where-file', { file: line.file ?? '' })
      : words('system-proxy-where-terminal')
  return (
    <div className="flex flex-col gap-1">
      <p className="text-xs text-soft">
        {words(`system-proxy-scope-${line.scope}`)}, {where}
      </p>
      <Code text={line.text} copyLabel={words('system-proxy-copy-line', { program })} />
      {line.undo !== undefined && (
        <>
          <p className="text-xs text-soft">{words('system-proxy-undo')}</p>
          <Code text={line.undo} copyLabel={words('system-proxy-copy-undo')} />
        </>
      )}
    </div>
  )
}

export function Code({ text, copyLabel }: { readonly text: string; readonly copyLabel: string }): ReactNode {
  return (
    <div className="flex items-start gap-1 rounded-control bg-sunken ps-3 pe-1">
      <code
        dir="ltr"
        className="copyable min-w-0 grow py-1.5 font-mono text-xs leading-5 break-words whitespace-pre-wrap"
      >
        {text}
      </code>
      <CopyButton text={text} label={copyLabel} />
    </div>
  )
}
