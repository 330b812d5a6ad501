/** What the person's network demands: a proxy on the way out, or only some ports. */
import type { ReactNode } from 'react'
import { Card } from '../../components/Card.tsx'
import { useWords } from '../../words/words.tsx'
import { DoctorButton } from '../doctor/DoctorButton.tsx'
import { PortsSection } from './PortsSection.tsx'
import { UpstreamSection } from './UpstreamSection.tsx'

export function NetworkCard(): ReactNode {
  const words = useWords()
  return (
    <Card title={words('bridges-network')}>
      <UpstreamSection />
      <hr className="border-line" />
      <PortsSection />
      <hr className="border-line" />
      <div className="flex flex-wrap items-center justify-between gap-3">
        <div className="min-w-0 grow basis-64">
          <p className="font-medium">{words('doctor-card')}</p>
          <p className="max-w-prose text-soft">{words('doctor-card-about')}</p>
        </div>
        <DoctorButton />
      </div>
    </Card>
  )
}
