/** Puts main's side of the transports' browser engine together. */
import { MessageChannelMain } from 'electron'
import type { Clock } from '../clock.ts'
import { browserName } from './browser-headers.ts'
import { OutsideDesk } from './outside-desk.ts'
import { PeerDesk } from './peer-desk.ts'
import { peerWindowOpener } from './peer-window.ts'
import type { Port } from './port.ts'
import { TRANSPORTS_ORIGIN } from './transport-pages.ts'
import { WebDesk } from './web-desk.ts'
import { WebWindow } from './web-window.ts'

export interface OutsideDeps {
  readonly clock: Clock
  /** With the pages' script and preload script in it. */
  readonly folder: string
  readonly chromeVersion: string
  readonly mayUseUdp: () => boolean
  readonly isOwnNetwork: boolean
  readonly report: (text: string) => void
}

export interface ChromiumOutside {
  /** The port of a core host that has just been started. */
  attach(port: Port): void
  onSettings(): void
  close(): void
}

export function createOutside(deps: OutsideDeps): ChromiumOutside {
  const { clock, chromeVersion, mayUseUdp, isOwnNetwork, report } = deps
  const window = new WebWindow(deps)
  const web: WebDesk = new WebDesk({
    clock,
    userAgent: browserName(chromeVersion),
    origin: TRANSPORTS_ORIGIN,
    openPage: (events) => window.open(web, events),
  })
  const peers = new PeerDesk({
    clock,
    openPage: peerWindowOpener(deps),
    createChannel: () => new MessageChannelMain(),
    mayUseUdp,
    isOwnNetwork,
  })
  const desk = new OutsideDesk({ web, peers, setDoor: (door) => window.setDoor(door), report })
  return {
    attach: (port) => desk.attach(port),
    onSettings: () => peers.onSettings(),
    close: () => desk.close(),
  }
}
