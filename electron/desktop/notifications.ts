/** Shows notifications with Electron, one at a time: a newer one about the same thing makes the older untrue. */
import { Notification } from 'electron'
import type { NoticeText } from './notice-text.ts'

export interface Notifications {
  show(text: NoticeText): void
  close(): void
}

export function createNotifications(onClick: () => void): Notifications {
  // Held, because one that was collected no longer answers to a click.
  let shown: Notification | undefined
  const close = (): void => {
    shown?.close()
    shown = undefined
  }
  return {
    show(text) {
      close()
      shown = new Notification({ title: text.title, body: text.body })
      shown.on('click', onClick)
      shown.show()
    },
    close,
  }
}
