/** The one place from which screen readers read announcements; it is in the page from the start, or they would miss them. */
import type { ReactNode } from 'react'
import { useAnnouncement } from './announce.ts'

export function LiveRegion(): ReactNode {
  const { text, count } = useAnnouncement()
  return (
    <div aria-live="polite" role="status" className="sr-only">
      {/* A new element each time: the same sentence twice is read twice. */}
      <span key={count}>{text}</span>
    </div>
  )
}
