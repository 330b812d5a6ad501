/** What screen readers are told beside what is on the screen: one sentence at a time, the newest wins. */
import { useStore } from 'zustand'
import { createStore } from 'zustand/vanilla'

const announcement = createStore<{ readonly text: string; readonly count: number }>()(() => ({
  text: '',
  count: 0,
}))

export function announce(text: string): void {
  announcement.setState(({ count }) => ({ text, count: count + 1 }))
}

export function useAnnouncement(): { readonly text: string; readonly count: number } {
  return useStore(announcement)
}
