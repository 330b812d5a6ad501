/** The connection doctor: what it would ask, the checks as they are done, and what to do about each. */
import { type ReactNode, useEffect, useRef, useState } from 'react'
import type { DoctorView } from '../../../electron/ipc/snapshot-doctor.ts'
import { announce } from '../../components/announce.ts'
import { Button } from '../../components/Button.tsx'
import { Dialog } from '../../components/Dialog.tsx'
import { ErrorNote } from '../../components/ErrorNote.tsx'
import { useSnapshot } from '../../state/store.ts'
import { type CommandHandle, useCommand } from '../../state/use-command.ts'
import { useWords } from '../../words/words.tsx'
import { DoctorPlan } from './DoctorPlan.tsx'
import { DoctorResults } from './DoctorResults.tsx'
import { useSummary } from './doctor-words.ts'

export function DoctorDialog({ onClose }: { readonly onClose: () => void }): ReactNode {
  const words = useWords()
  const doctor = useSnapshot((snapshot) => snapshot.doctor)
  const [isPlanning, setIsPlanning] = useState(false)
  const run = useCommand('doctor.run')
  const stop = useCommand('doctor.stop')
  useSummaryAnnouncement(doctor)
  const showsPlan = !doctor.isRunning && (isPlanning || doctor.ranAtMs === undefined)
  const close = (): void => {
    // Nobody looks at it any more, so nothing more is asked.
    if (doctor.isRunning) void stop.run()
    onClose()
  }
  const start = (maySend: boolean): void => {
    setIsPlanning(false)
    void run.run({ maySend })
  }
  return (
    <Dialog
      isOpen
      title={words('doctor-title')}
      about={showsPlan ? words('doctor-about') : undefined}
      onClose={close}
      actions={
        <Actions
          doctor={doctor}
          showsPlan={showsPlan}
          run={run}
          onStart={start}
          onStop={() => void stop.run()}
          onPlan={() => setIsPlanning(true)}
          onClose={close}
        />
      }
    >
      {showsPlan ? <DoctorPlan doctor={doctor} /> : <DoctorResults doctor={doctor} onLeave={close} />}
      <ErrorNote error={run.error ?? stop.error} />
    </Dialog>
  )
}

interface ActionsProps {
  readonly doctor: DoctorView
  readonly showsPlan: boolean
  readonly run: CommandHandle<'doctor.run'>
  readonly onStart: (maySend: boolean) => void
  readonly onStop: () => void
  readonly onPlan: () => void
  readonly onClose: () => void
}

function Actions(props: ActionsProps): ReactNode {
  const { doctor, showsPlan, run, onStart, onStop, onPlan, onClose } = props
  const words = useWords()
  if (doctor.isRunning) return <Button onClick={onStop}>{words('doctor-stop')}</Button>
  const isBusy = run.isRunning
  if (!showsPlan) {
    return (
      <>
        {/* Each run is agreed to by itself. */}
        <Button isBusy={isBusy} onClick={doctor.mustAsk ? onPlan : () => onStart(true)}>
          {words('doctor-again')}
        </Button>
        <Button kind="primary" onClick={onClose}>
          {words('common-close')}
        </Button>
      </>
    )
  }
  if (!doctor.mustAsk) {
    return (
      <Button kind="primary" isBusy={isBusy} onClick={() => onStart(true)}>
        {words('doctor-start')}
      </Button>
    )
  }
  return (
    <>
      <Button isBusy={isBusy} onClick={() => onStart(true)}>
        {words('doctor-agree')}
      </Button>
      <Button kind="primary" isBusy={isBusy} onClick={() => onStart(false)}>
        {words('doctor-quiet')}
      </Button>
    </>
  )
}

/** The end of a run is told, not only shown. */
function useSummaryAnnouncement(doctor: DoctorView): void {
  const summary = useSummary(doctor)
  const before = useRef(doctor.ranAtMs)
  useEffect(() => {
    if (before.current === doctor.ranAtMs) return
    before.current = doctor.ranAtMs
    if (doctor.ranAtMs !== undefined) announce(summary)
  }, [doctor.ranAtMs, summary])
}
