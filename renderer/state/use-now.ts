/**
 * The wall clock for what shows an age; it stands still while nobody can see it, and where nothing needs it. All that
 * tick as often tick together: the page is drawn once for them.
 */
import { useEffect, useState } from 'react'
import { msToNextTick } from './next-tick.ts'

export interface NowOptions {
  readonly isNeeded?: boolean
  /** Ticks when the time since then is a multiple of the interval. Wall clock, as is the next. */
  readonly fromMs?: number
  /** The last tick is the first one then or later. */
  readonly untilMs?: number
}

export function useNow(
  intervalMs = 1_000,
  { isNeeded = true, fromMs = 0, untilMs = Number.POSITIVE_INFINITY }: NowOptions = {},
): number {
  const [now, setNow] = useState(() => Date.now())
  useEffect(() => {
    if (!isNeeded) return
    let timer: ReturnType<typeof setTimeout> | undefined
    const tick = (): void => {
      clearTimeout(timer)
      if (document.visibilityState !== 'visible') return
      const nowMs = Date.now()
      setNow(nowMs)
      if (nowMs < untilMs) timer = setTimeout(tick, msToNextTick(nowMs - fromMs, intervalMs))
    }
    tick()
    document.addEventListener('visibilitychange', tick)
    return () => {
      clearTimeout(timer)
      document.removeEventListener('visibilitychange', tick)
    }
  }, [intervalMs, isNeeded, fromMs, untilMs])
  return now
}
