/** Takes pictures of the screens with Electron; what is looked for in them is decided in `screen-qr.ts`. */
import { desktopCapturer, systemPreferences } from 'electron'
import type { ScreenCapture } from './screen-qr.ts'

export const screenCapture: ScreenCapture = {
  isAllowed() {
    // `not-determined` must pass: on macOS it is the first look that makes the system ask the person.
    if (process.platform !== 'darwin') return true
    const status = systemPreferences.getMediaAccessStatus('screen')
    return status !== 'denied' && status !== 'restricted'
  },
  async take(maxWidth, maxHeight) {
    const sources = await desktopCapturer.getSources({
      types: ['screen'],
      thumbnailSize: { width: maxWidth, height: maxHeight },
      fetchWindowIcons: false,
    })
    return sources.map(({ thumbnail }) => {
      const { width, height } = thumbnail.getSize()
      return { width, height, pixels: thumbnail.toBitmap() }
    })
  },
}
