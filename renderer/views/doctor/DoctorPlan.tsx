/** What a run would send, to whom, and what that shows to the network; before anything is sent. */
import type { ReactNode } from 'react'
import type { DoctorPlanRow, DoctorView } from '../../../electron/ipc/snapshot-doctor.ts'
import { Notice } from '../../components/Notice.tsx'
import { useFormat, useWords } from '../../words/words.tsx'

export function DoctorPlan({ doctor }: { readonly doctor: DoctorView }): ReactNode {
  const words = useWords()
  const rows = doctor.plan.filter(
    ({ check, asks }) => asks.length > 0 || check === 'link' || check === 'clock',
  )
  const sends = rows.some(({ asks }) => asks.length > 0)
  return (
    <>
      {doctor.mustAsk && sends && (
        <Notice tone="warn" title={words('doctor-hidden')}>
          <p>{words('doctor-hidden-about')}</p>
        </Notice>
      )}
      {!sends && <Notice>{words('doctor-nobody')}</Notice>}
      <ul
        aria-label={words('doctor-plan')}
        className="flex flex-col divide-y divide-line rounded-control border border-line"
      >
        {rows.map((row) => (
          <PlanRow key={row.check} row={row} />
        ))}
      </ul>
      {sends && !doctor.mustAsk && <p className="text-xs text-soft">{words('doctor-shows')}</p>}
    </>
  )
}

function PlanRow({ row: { check, asks } }: { readonly row: DoctorPlanRow }): ReactNode {
  const words = useWords()
  const format = useFormat()
  return (
    <li data-check={check} className="px-3 py-1.5">
      <p>
        <span className="font-medium">{words(`doctor-check-${check}`)}</span>{' '}
        <span className="text-soft">{words(`doctor-plan-${check}`)}</span>
      </p>
      {asks.length > 0 && (
        <bdi dir="ltr" className="block font-mono text-xs break-words text-soft">
          {format.list(asks)}
        </bdi>
      )}
    </li>
  )
}
