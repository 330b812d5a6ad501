/** Names what will be added, so that nobody adds what somebody else slipped into the clipboard. */
import type { ReactNode } from 'react'
import type { CommandError } from '../../../electron/ipc/contract.ts'
import type { BridgeLineResult } from '../../../electron/ipc/snapshot-bridges.ts'
import { ErrorNote } from '../../components/ErrorNote.tsx'
import { Notice } from '../../components/Notice.tsx'
import { Switch } from '../../components/Switch.tsx'
import { useSnapshot } from '../../state/store.ts'
import { useWords } from '../../words/words.tsx'
import { EmojiCheck } from './EmojiCheck.tsx'
import { useTransportWords } from './transport-words.ts'

interface ConfirmStepProps {
  readonly good: readonly BridgeLineResult[]
  readonly leftOut: number
  readonly useThem: boolean
  readonly onUseThem: (useThem: boolean) => void
  readonly error: CommandError | undefined
}

export function ConfirmStep({ good, leftOut, useThem, onUseThem, error }: ConfirmStepProps): ReactNode {
  const words = useWords()
  const useBridges = useSnapshot((snapshot) => snapshot.settings.useBridges)
  return (
    <>
      <ul className="flex max-h-[min(16rem,40dvh)] flex-col divide-y divide-line overflow-y-auto rounded-control border border-line">
        {good.map((result) => (
          <Line key={result.lineNumber} result={result} />
        ))}
      </ul>
      {leftOut > 0 && <Notice tone="warn">{words('bridges-confirm-left-out', { count: leftOut })}</Notice>}
      {!useBridges && <Switch label={words('bridges-confirm-use')} isOn={useThem} onChange={onUseThem} />}
      <ErrorNote error={error} />
    </>
  )
}

function Line({ result }: { readonly result: BridgeLineResult }): ReactNode {
  const transport = useTransportWords()
  if (result.bridge === undefined) {
    return (
      <li className="px-3 py-2">
        <bdi dir="ltr" className="block truncate font-mono text-xs">
          {result.text}
        </bdi>
      </li>
    )
  }
  return (
    <li className="flex min-w-0 flex-col gap-1 px-3 py-2">
      <EmojiCheck emoji={result.bridge.emoji} hasNames />
      <p className="flex min-w-0 items-baseline gap-2">
        <span className="shrink-0 font-medium">{transport.name(result.bridge.transport)}</span>
        <bdi dir="ltr" className="min-w-0 truncate font-mono text-xs text-soft">
          {result.bridge.address}
        </bdi>
      </p>
    </li>
  )
}
