/**
 * The edge to Chromium's WebRTC: a hidden page on a session that reaches no server at all. Its UDP leaves by the way
 * that the system would take for anything else, and no address of this machine's own network is gathered.
 */
import { session } from 'electron'
import { APP_SCHEME } from '../desktop/app-scheme.ts'
import { openHiddenWindow } from './hidden-window.ts'
import type { Page, PageEvents } from './page-keeper.ts'
import { isTransportPageFile, transportPageServer, transportPageUrl } from './transport-pages.ts'

const PARTITION = 'allium-peers'

export interface PeerWindowOptions {
  readonly folder: string
  readonly report: (text: string) => void
  /** Peers may be in this machine: then its own addresses are gathered, too. */
  readonly isOwnNetwork: boolean
}

export function peerWindowOpener({
  folder,
  report,
  isOwnNetwork,
}: PeerWindowOptions): (events: PageEvents) => Promise<Page> {
  let isServed = false
  return (events) => {
    const made = session.fromPartition(PARTITION, { cache: false })
    if (!isServed) {
      made.protocol.handle(APP_SCHEME, transportPageServer(folder, 'peers'))
      made.webRequest.onBeforeRequest(({ url }, callback) => {
        callback({ cancel: !isTransportPageFile(url, 'peers') })
      })
    }
    isServed = true
    return openHiddenWindow(
      {
        session: made,
        url: transportPageUrl('peers'),
        preload: `${folder}/transport-preload.cjs`,
        report,
        prepare: (contents) => {
          contents.setWebRTCIPHandlingPolicy(isOwnNetwork ? 'default' : 'default_public_interface_only')
        },
      },
      events,
    )
  }
}
