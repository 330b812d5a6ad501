/** Keeps one exit for a site for a while: for how long, until when, and what it costs. */
import { type ReactNode, useState } from 'react'
import type { HopView, SitePolicyView } from '../../../electron/ipc/snapshot-circuits.ts'
import { announce } from '../../components/announce.ts'
import { Button } from '../../components/Button.tsx'
import { CountryName } from '../../components/CountryName.tsx'
import { Dialog } from '../../components/Dialog.tsx'
import { ErrorNote } from '../../components/ErrorNote.tsx'
import { Notice } from '../../components/Notice.tsx'
import { SegmentedControl } from '../../components/SegmentedControl.tsx'
import { useCommand } from '../../state/use-command.ts'
import { useNow } from '../../state/use-now.ts'
import { useFormat, useWords } from '../../words/words.tsx'

const DURATIONS = ['hour', 'day', 'week'] as const
type Duration = (typeof DURATIONS)[number]

/** The date that is shown has no seconds. */
const TICK_MS = 60_000
const HOUR_MS = 3_600_000
const LENGTHS_MS: Readonly<Record<Duration, number>> = {
  hour: HOUR_MS,
  day: 24 * HOUR_MS,
  week: 7 * 24 * HOUR_MS,
}

interface PinDialogProps {
  readonly site: string
  readonly policy: SitePolicyView
  /** That of the newest circuit. */
  readonly exit: HopView
  readonly onClose: () => void
}

export function PinDialog({ site, policy, exit, onClose }: PinDialogProps): ReactNode {
  const words = useWords()
  const format = useFormat()
  const nowMs = useNow(TICK_MS)
  const save = useCommand('site.set-policy')
  const [duration, setDuration] = useState<Duration>('hour')
  const pinForMs = LENGTHS_MS[duration]
  const until = format.dateTime(nowMs + pinForMs)
  const pin = async (): Promise<void> => {
    const outcome = await save.run({ site, isBlocked: false, exitCountry: null, pinForMs })
    if (!outcome.ok) return
    announce(words('sites-pin-announce', { site, time: until }))
    onClose()
  }
  return (
    <Dialog
      isOpen
      title={words('sites-pin-title', { site })}
      about={words('sites-pin-about')}
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>{words('common-cancel')}</Button>
          <Button kind="primary" isBusy={save.isRunning} onClick={() => void pin()}>
            {words('sites-pin-confirm')}
          </Button>
        </>
      }
    >
      <dl className="flex items-center gap-3">
        <dt className="text-soft">{words('sites-pin-exit')}</dt>
        <dd className="flex items-center gap-2">
          <CountryName country={exit.country} />
          <span className="copyable text-soft">{exit.nickname}</span>
        </dd>
      </dl>
      <div className="flex flex-wrap items-center gap-3">
        <SegmentedControl
          label={words('sites-pin-duration')}
          value={duration}
          options={DURATIONS.map((value) => ({ value, label: words(`sites-pin-${value}`) }))}
          onChange={setDuration}
        />
        <span role="status" className="text-soft">
          {words('sites-pin-until', { time: until })}
        </span>
      </div>
      <Notice tone={duration === 'week' ? 'bad' : 'warn'}>
        <p>{words(`sites-pin-cost-${duration}`)}</p>
        <p>{words('sites-pin-strict')}</p>
      </Notice>
      {policy.exitCountry !== undefined && <p className="text-soft">{words('sites-pin-replaces')}</p>}
      <ErrorNote error={save.error} />
    </Dialog>
  )
}
