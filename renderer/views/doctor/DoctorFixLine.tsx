/** The one thing to do about what a check found: in words, and as a button where the app can do it or lead there. */
import { ArrowRight } from 'lucide-react'
import type { ReactNode } from 'react'
import type { ViewName } from '../../../electron/ipc/contract.ts'
import type { DoctorFix, DoctorResult } from '../../../electron/ipc/snapshot-doctor.ts'
import { announce } from '../../components/announce.ts'
import { Button } from '../../components/Button.tsx'
import { ErrorNote } from '../../components/ErrorNote.tsx'
import { showView } from '../../state/navigation.ts'
import { useSnapshot } from '../../state/store.ts'
import { useCommand } from '../../state/use-command.ts'
import { useFormat, useWords } from '../../words/words.tsx'

/** Where a fix is made; the others are made outside of the app. */
const PLACES: Readonly<Partial<Record<DoctorFix, 'bridges' | 'settings'>>> = {
  'check-proxy': 'settings',
  'set-proxy': 'settings',
  'use-bridge': 'bridges',
  'use-obfs4': 'bridges',
  'avoid-snowflake': 'bridges',
}

interface DoctorFixLineProps {
  readonly result: DoctorResult
  readonly onLeave: () => void
}

export function DoctorFixLine({ result, onLeave }: DoctorFixLineProps): ReactNode {
  const words = useWords()
  const format = useFormat()
  const { fix, openPorts = [] } = result
  if (fix === 'none') return null
  const place = PLACES[fix]
  const leave = (view: ViewName): void => {
    onLeave()
    showView(view)
  }
  return (
    <div className="mt-0.5 flex flex-col items-start gap-1.5">
      <p className="flex items-start gap-1.5">
        <ArrowRight aria-hidden className="mt-0.5 size-4 shrink-0 text-accent rtl:-scale-x-100" />
        {words(`doctor-fix-${fix}`, { ports: format.list(openPorts.map(String)) })}
      </p>
      {place !== undefined && (
        <div className="ps-5.5">
          <Button onClick={() => leave(place)}>{words(`doctor-go-${place}`)}</Button>
        </div>
      )}
      {fix === 'use-open-ports' && <OpenPorts ports={openPorts} />}
    </div>
  )
}

function OpenPorts({ ports }: { readonly ports: readonly number[] }): ReactNode {
  const words = useWords()
  const allowed = useSnapshot((snapshot) => snapshot.settings.allowedPorts)
  const change = useCommand('settings.change')
  const isSet = allowed !== null && allowed.join() === ports.join()
  const set = async (): Promise<void> => {
    const outcome = await change.run({ allowedPorts: [...ports] })
    if (outcome.ok) announce(words('doctor-ports-set'))
  }
  return (
    <div className="flex flex-col gap-1.5 ps-5.5">
      {isSet ? (
        <p className="text-good">{words('doctor-ports-set')}</p>
      ) : (
        <div>
          <Button isBusy={change.isRunning} onClick={() => void set()}>
            {words('doctor-set-ports')}
          </Button>
        </div>
      )}
      <ErrorNote error={change.error} />
    </div>
  )
}
