/** What the person's network demands: a proxy on the way out, or only some ports. */
import type { ReactNode } from 'react'
import { Card } from '../../components/Card.tsx'
import { useWords } from '../../words/words.tsx'
import { PortsSection } from './PortsSection.tsx'
import { UpstreamSection } from './UpstreamSection.tsx'

export function NetworkCard(): ReactNode {
  const words = useWords()
  return (
    <Card title={words('bridges-network')}>
      <UpstreamSection />
      <hr className="border-line" />
      <PortsSection />
    </Card>
  )
}
