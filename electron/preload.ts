/** The only bridge between the page and main: one function to ask, one to listen; names and values are checked by main. */
import { contextBridge, ipcRenderer } from 'electron'
import { EVENT_CHANNEL, INVOKE_CHANNEL, PRELOAD_KEY, type PreloadBridge } from './ipc/channels.ts'

const bridge: PreloadBridge = {
  invoke: (name, argument) => ipcRenderer.invoke(INVOKE_CHANNEL, name, argument),
  subscribe(listener) {
    const forward = (_event: unknown, name: string, value: unknown): void => listener(name, value)
    ipcRenderer.on(EVENT_CHANNEL, forward)
    return () => ipcRenderer.off(EVENT_CHANNEL, forward)
  },
}

contextBridge.exposeInMainWorld(PRELOAD_KEY, bridge)
