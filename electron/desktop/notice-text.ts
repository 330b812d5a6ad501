/** What a notification says of protection lost or regained. Pure; it names no site, relay or network. */
import type { ConnectionNotice } from '../connection/connection-event.ts'
import type { ConnectionState } from '../ipc/snapshot-connection.ts'
import type { DesktopWords } from '../words/desktop-words.ts'

export interface NoticeText {
  readonly title: string
  readonly body: string
}

/** Undefined for what is told nobody. */
export function noticeText(notice: ConnectionNotice, words: DesktopWords): NoticeText | undefined {
  switch (notice.kind) {
    case 'lost':
      return lostText(notice.state, words)
    case 'regained':
      return { title: words('desktop-regained-title'), body: words('desktop-regained-body') }
    case 'first-success':
      return undefined
  }
}

function lostText(state: ConnectionState, words: DesktopWords): NoticeText {
  const title = words('desktop-lost-title')
  switch (state) {
    case 'proxy-not-applied':
      return { title: words('desktop-lost-proxy-title'), body: words('desktop-lost-proxy') }
    case 'no-network':
      return { title, body: words('desktop-lost-network') }
    case 'protected-down':
      return { title, body: words('desktop-lost-core') }
    default:
      return { title, body: words('desktop-lost-connection') }
  }
}
