/** The app's main process. */
import { app, BrowserWindow } from 'electron'
import { join } from 'node:path'

void app.whenReady().then(() => {
  const window = new BrowserWindow({
    webPreferences: { preload: join(__dirname, 'preload.cjs'), sandbox: true },
  })
  return window.loadFile(join(__dirname, 'renderer', 'index.html'))
})
