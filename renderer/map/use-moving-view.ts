/** Moves the map from one part to another, so that the eye can follow; at once for people who want no motion. */
import { useEffect, useRef, useState } from 'react'
import { between, type MapView, type Size } from './view.ts'

/** Long enough to see where one goes, short enough not to wait for it. */
const MOVE_MS = 450

export function useMovingView(target: MapView, size: Size): MapView {
  const [view, setView] = useState(target)
  const shown = useRef({ view: target, size })
  const { scale, x, y } = target
  useEffect(() => {
    const to = { scale, x, y }
    const { view: from, size: oldSize } = shown.current
    const show = (next: MapView): void => {
      shown.current = { view: next, size }
      setView(next)
    }
    // A window that is being resized must not lag behind.
    if (oldSize !== size || matchMedia('(prefers-reduced-motion: reduce)').matches) {
      show(to)
      return
    }
    if (from.scale === scale && from.x === x && from.y === y) return
    const startMs = performance.now()
    let frame = requestAnimationFrame(function step(nowMs) {
      const part = Math.min(Math.max((nowMs - startMs) / MOVE_MS, 0), 1)
      show(part === 1 ? to : between(from, to, 1 - (1 - part) ** 3))
      if (part < 1) frame = requestAnimationFrame(step)
    })
    return () => cancelAnimationFrame(frame)
  }, [scale, x, y, size])
  return view
}
