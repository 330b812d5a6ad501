/** One bridge: its four pictures, what it speaks and where it is, how it does, and what can be done with it. */
import { CircleCheck, CircleDashed, CircleOff, CircleX, type LucideIcon, QrCode, Trash2 } from 'lucide-react'
import type { ReactNode } from 'react'
import type { BridgeView } from '../../../electron/ipc/snapshot-bridges.ts'
import { classNames } from '../../components/class-names.ts'
import { CopyButton } from '../../components/CopyButton.tsx'
import { IconButton } from '../../components/IconButton.tsx'
import { Switch } from '../../components/Switch.tsx'
import { useWords } from '../../words/words.tsx'
import { type BridgeStatus, type BridgeTone, useBridgeStatus } from './bridge-state.ts'
import { EmojiCheck } from './EmojiCheck.tsx'
import { useTransportWords } from './transport-words.ts'

const TONES: Readonly<Record<BridgeTone, { readonly ink: string; readonly icon: LucideIcon }>> = {
  good: { ink: 'text-good', icon: CircleCheck },
  bad: { ink: 'text-bad', icon: CircleX },
  warn: { ink: 'text-warn', icon: CircleOff },
  soft: { ink: 'text-soft', icon: CircleDashed },
}

interface BridgeCardProps {
  readonly bridge: BridgeView
  readonly isBusy: boolean
  readonly onEnable: (isEnabled: boolean) => void
  readonly onQr: () => void
  readonly onRemove: () => void
}

export function BridgeCard({ bridge, isBusy, onEnable, onQr, onRemove }: BridgeCardProps): ReactNode {
  const words = useWords()
  const transportName = useTransportWords().name(bridge.transport)
  const status = useBridgeStatus(bridge, transportName)
  const name = `${transportName} ${bridge.address}`
  return (
    <li
      aria-label={name}
      className={classNames(
        'flex min-w-0 flex-col gap-1.5 rounded-control border bg-raised p-3',
        bridge.health === 'in-use' && bridge.isEnabled ? 'border-good/60' : 'border-line',
      )}
    >
      <div className="flex items-start justify-between gap-3">
        <div className="min-w-0 pt-0.5">
          <EmojiCheck emoji={bridge.emoji} />
        </div>
        <Switch
          label={words('bridges-enable', { name })}
          isLabelHidden
          isOn={bridge.isEnabled}
          isBusy={isBusy}
          onChange={onEnable}
        />
      </div>
      <p className="flex min-w-0 items-baseline gap-2">
        <span className="shrink-0 font-medium">{transportName}</span>
        <bdi
          dir="ltr"
          title={bridge.address}
          className="copyable min-w-0 truncate font-mono text-xs text-soft"
        >
          {bridge.address}
        </bdi>
      </p>
      <div className="mt-auto flex items-end justify-between gap-2">
        <StatusLine status={status} origin={bridge.origin} />
        <div className="-me-1.5 -mb-1.5 flex shrink-0">
          <IconButton icon={QrCode} label={words('bridges-qr')} onClick={onQr} />
          <CopyButton text={bridge.line} label={words('bridges-copy')} />
          {bridge.origin === 'added' && (
            <IconButton icon={Trash2} label={words('bridges-remove')} onClick={onRemove} />
          )}
        </div>
      </div>
    </li>
  )
}

function StatusLine({
  status,
  origin,
}: {
  readonly status: BridgeStatus
  readonly origin: BridgeView['origin']
}): ReactNode {
  const words = useWords()
  const { ink, icon: Icon } = TONES[status.tone]
  const remarks = [origin === 'built-in' ? words('bridges-origin-built-in') : undefined, status.more]
  const remark = remarks.filter((text) => text !== undefined).join(' · ')
  return (
    <div className="min-w-0 pb-0.5 text-[0.8125rem]">
      <p className={classNames('flex items-start gap-1.5 font-medium', ink)}>
        <Icon aria-hidden className="mt-0.5 size-4 shrink-0" />
        {status.text}
      </p>
      {remark !== '' && <p className="ps-5.5 text-xs text-soft">{remark}</p>}
    </div>
  )
}
