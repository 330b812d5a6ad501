/** The wall clock for what shows an age; it stands still while nobody can see it, and where nothing needs it. */
import { useEffect, useState } from 'react'

export function useNow(intervalMs = 1_000, isNeeded = true): number {
  const [now, setNow] = useState(() => Date.now())
  useEffect(() => {
    if (!isNeeded) return
    const tick = (): void => {
      if (document.visibilityState === 'visible') setNow(Date.now())
    }
    tick()
    const timer = setInterval(tick, intervalMs)
    document.addEventListener('visibilitychange', tick)
    return () => {
      clearInterval(timer)
      document.removeEventListener('visibilitychange', tick)
    }
  }, [intervalMs, isNeeded])
  return now
}
