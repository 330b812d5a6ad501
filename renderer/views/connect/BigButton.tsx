/** The one big button: what pressing it does, and around it how far the connection is. */
import { LoaderCircle, type LucideIcon, Plus, Power, ShieldAlert, ShieldCheck, X } from 'lucide-react'
import type { ReactNode } from 'react'
import { classNames } from '../../components/class-names.ts'
import { useFormat, useWords } from '../../words/words.tsx'
import type { Press, Tone } from './state-look.ts'

const SIZE = 184
const RADIUS = 86
const AROUND = 2 * Math.PI * RADIUS

const RINGS: Readonly<Record<Tone, string>> = {
  idle: 'text-accent',
  working: 'text-accent',
  good: 'text-good',
  warn: 'text-warn',
  bad: 'text-bad',
}

interface BigButtonProps {
  readonly press: Press
  readonly tone: Tone
  /** 0 to 100 while an attempt is on its way. */
  readonly percent: number | undefined
  readonly isBusy: boolean
  readonly onPress: () => void
}

export function BigButton({ press, tone, percent, isBusy, onPress }: BigButtonProps): ReactNode {
  const words = useWords()
  const isInviting = press === 'connect' || press === 'retry' || press === 'add-bridge'
  const isWaiting = press === 'wait'
  return (
    <div className="relative shrink-0" style={{ width: SIZE, height: SIZE }}>
      <Ring tone={tone} percent={percent} />
      <button
        type="button"
        data-press={press}
        aria-disabled={isWaiting || undefined}
        aria-busy={isBusy || undefined}
        onClick={isWaiting || isBusy ? undefined : onPress}
        className={classNames(
          'absolute inset-3.5 flex flex-col items-center justify-center gap-1.5 rounded-full transition-[background-color,box-shadow,transform] duration-200',
          'focus-visible:outline-4 focus-visible:outline-offset-4 motion-safe:active:scale-[0.98]',
          isInviting
            ? 'bg-accent text-on-accent shadow-card hover:bg-accent-strong'
            : 'bg-raised text-ink shadow-card ring-1 ring-line hover:bg-sunken',
        )}
      >
        <Picture press={press} tone={tone} percent={percent} />
        <span className="px-2 text-base leading-tight font-semibold">{words(`connect-press-${press}`)}</span>
      </button>
    </div>
  )
}

function Picture({
  press,
  tone,
  percent,
}: {
  readonly press: Press
  readonly tone: Tone
  readonly percent: number | undefined
}): ReactNode {
  const format = useFormat()
  if (press === 'cancel' && percent !== undefined) {
    return (
      <span aria-hidden className="tabular text-3xl leading-none font-semibold tracking-tight">
        {format.percent(percent / 100)}
      </span>
    )
  }
  const Icon = iconOf(press, tone)
  return (
    <Icon
      aria-hidden
      strokeWidth={1.75}
      className={classNames(
        'size-11',
        press === 'disconnect' && RINGS[tone],
        press === 'wait' && 'text-accent motion-safe:animate-spin',
      )}
    />
  )
}

function iconOf(press: Press, tone: Tone): LucideIcon {
  if (press === 'wait') return LoaderCircle
  if (press === 'cancel') return X
  if (press === 'add-bridge') return Plus
  if (press === 'disconnect') return tone === 'good' ? ShieldCheck : ShieldAlert
  return Power
}

/** A full circle where all is well or nothing goes on, a part of one on the way. */
function Ring({ tone, percent }: { readonly tone: Tone; readonly percent: number | undefined }): ReactNode {
  const isQuiet = tone === 'idle'
  // Something is seen from the first moment on.
  const part = percent === undefined ? 1 : Math.max(percent, 3) / 100
  return (
    <svg
      aria-hidden
      viewBox={`0 0 ${SIZE} ${SIZE}`}
      className={classNames('absolute inset-0 -rotate-90 rtl:-scale-y-100', RINGS[tone])}
      fill="none"
      strokeWidth="7"
    >
      <circle cx={SIZE / 2} cy={SIZE / 2} r={RADIUS} className="stroke-line" />
      {!isQuiet && (
        <circle
          cx={SIZE / 2}
          cy={SIZE / 2}
          r={RADIUS}
          stroke="currentColor"
          strokeLinecap="round"
          strokeDasharray={`${AROUND * part} ${AROUND}`}
          className="transition-[stroke-dasharray] duration-500"
        />
      )}
    </svg>
  )
}
