/** Keeps a list at its end while new lines come, until the person scrolls up; scrolling back to the end follows again. */
import { type RefObject, useCallback, useEffect, useRef, useState } from 'react'

/** Screens with fractional pixels never come to the end exactly. */
const END_PX = 8

export interface Follow {
  readonly list: RefObject<HTMLDivElement | null>
  readonly content: RefObject<HTMLDivElement | null>
  readonly isFollowing: boolean
  readonly setFollowing: (isFollowing: boolean) => void
  readonly onScroll: () => void
}

export function useFollow(): Follow {
  const list = useRef<HTMLDivElement>(null)
  const content = useRef<HTMLDivElement>(null)
  const lastTop = useRef(0)
  const [isFollowing, setFollowing] = useState(true)
  const toEnd = useCallback(() => {
    const element = list.current
    if (element !== null) element.scrollTop = element.scrollHeight
  }, [])
  useEffect(() => {
    const element = content.current
    const frame = list.current
    if (!isFollowing || element === null || frame === null) return
    toEnd()
    // Lines that were only estimated get their real height when they come into view, so the end moves by itself, too.
    const observer = new ResizeObserver(toEnd)
    observer.observe(element)
    observer.observe(frame)
    return () => observer.disconnect()
  }, [isFollowing, toEnd])
  const onScroll = useCallback(() => {
    const element = list.current
    if (element === null) return
    const isAtEnd = element.scrollHeight - element.scrollTop - element.clientHeight <= END_PX
    const wentUp = element.scrollTop < lastTop.current
    lastTop.current = element.scrollTop
    if (isAtEnd) setFollowing(true)
    else if (wentUp) setFollowing(false)
  }, [])
  return { list, content, isFollowing, setFollowing, onScroll }
}
