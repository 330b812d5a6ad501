/** What the doctor found, as sentences. */
import type { DoctorResult, DoctorView } from '../../../electron/ipc/snapshot-doctor.ts'
import { useFormat, useWords } from '../../words/words.tsx'

export function useResultWords(): (result: DoctorResult) => string {
  const words = useWords()
  const format = useFormat()
  return ({ check, verdict, finding, clockAheadMs = 0 }) => {
    if (finding !== undefined) {
      return words(`doctor-finding-${finding}`, { by: format.span(Math.abs(clockAheadMs)) })
    }
    switch (verdict) {
      case 'good':
        return words(`doctor-good-${check}`)
      case 'bad':
        return words(check === 'udp' ? 'doctor-bad-udp' : 'doctor-bad-tcp')
      case 'unknown':
        return words('doctor-unknown')
      case 'not-asked':
        return words('doctor-finding-after-failure')
      case 'not-used':
        return words('doctor-no-proxy')
    }
  }
}

/** All of it in one sentence. */
export function useSummary({ results, hasSent }: DoctorView): string {
  const words = useWords()
  const bad = results.filter(({ verdict }) => verdict === 'bad')
  const [first] = bad
  if (first !== undefined) {
    return words('doctor-summary-bad', { count: bad.length, check: words(`doctor-check-${first.check}`) })
  }
  return words(hasSent ? 'doctor-summary-good' : 'doctor-summary-quiet')
}
