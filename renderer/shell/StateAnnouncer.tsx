/** Tells screen readers about changes of the connection, whichever view is open. */
import { type ReactNode, useEffect, useRef } from 'react'
import { announce } from '../components/announce.ts'
import { useSnapshot } from '../state/store.ts'
import { useStateWords } from '../views/connect/state-words.ts'

export function StateAnnouncer(): ReactNode {
  const state = useSnapshot((snapshot) => snapshot.connection.state)
  const { headline, about } = useStateWords()
  const told = useRef(state)
  useEffect(() => {
    if (told.current === state) return
    told.current = state
    announce(`${headline}. ${about}`)
  }, [state, headline, about])
  return null
}
