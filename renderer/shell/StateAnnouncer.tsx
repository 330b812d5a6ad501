/** Tells screen readers about changes of the connection, whichever view is open. */
import { type ReactNode, useEffect, useRef } from 'react'
import { announce } from '../components/announce.ts'
import { useSnapshot } from '../state/store.ts'
import { useStateWords } from '../views/connect/state-words.ts'

export function StateAnnouncer(): ReactNode {
  const state = useSnapshot((snapshot) => snapshot.connection.state)
  const { headline, about } = useStateWords()
  // A search goes on within one state: each way that is tried has a headline of its own.
  const now = `${state} ${headline}`
  const told = useRef(now)
  useEffect(() => {
    if (told.current === now) return
    told.current = now
    announce(`${headline}. ${about}`)
  }, [now, headline, about])
  return null
}
