/** Which view the window shows; the tray and the menu can ask for another. */
import { useStore } from 'zustand'
import { createStore } from 'zustand/vanilla'
import type { ViewName } from '../../electron/ipc/contract.ts'

const navigation = createStore<{ readonly view: ViewName }>()(() => ({ view: 'connect' }))

export function useView(): ViewName {
  return useStore(navigation, (state) => state.view)
}

export function showView(view: ViewName): void {
  navigation.setState({ view })
}
