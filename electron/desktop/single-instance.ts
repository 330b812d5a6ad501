/** One app at a time: a second start brings the first one's window to the front and ends. */
import { app } from 'electron'

/** False where another one runs already: this one must end without touching anything. */
export function isOnlyInstance(): boolean {
  return app.requestSingleInstanceLock()
}

export function onSecondStart(show: () => void): void {
  app.on('second-instance', () => show())
}
