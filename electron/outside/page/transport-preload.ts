/** Gives the hidden page its port to main, and nothing else. */
import { ipcRenderer } from 'electron'
import { PAGE_PORT } from '../page-port.ts'

ipcRenderer.once(PAGE_PORT, ({ ports }) => window.postMessage(PAGE_PORT, location.origin, [...ports]))
