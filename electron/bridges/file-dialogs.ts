/** The system's own dialogs for choosing a file: the only part of the exchange of bridges that knows Electron. */
import { BrowserWindow, dialog, type OpenDialogOptions, type SaveDialogOptions } from 'electron'
import type { FileDialogs } from './bridge-exchange.ts'

export const fileDialogs: FileDialogs = {
  async saveTo(name) {
    const options: SaveDialogOptions = {
      defaultPath: name,
      // Lists of recent files would tell who looks at this computer later.
      properties: ['showOverwriteConfirmation', 'dontAddToRecent'],
    }
    const window = BrowserWindow.getFocusedWindow()
    const { canceled, filePath } = await (window === null
      ? dialog.showSaveDialog(options)
      : dialog.showSaveDialog(window, options))
    return canceled || filePath === undefined || filePath === '' ? undefined : filePath
  },
  async open() {
    const options: OpenDialogOptions = { properties: ['openFile', 'dontAddToRecent'] }
    const window = BrowserWindow.getFocusedWindow()
    const { canceled, filePaths } = await (window === null
      ? dialog.showOpenDialog(options)
      : dialog.showOpenDialog(window, options))
    return canceled ? undefined : filePaths[0]
  },
}
