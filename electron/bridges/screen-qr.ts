/**
 * Finds a QR code in what the screens show, for a bridge that somebody sent as a picture. The pictures are looked at in
 * memory, once, when the person asks, and dropped: nothing is stored, sent or logged, and only the text of a code with bridges in it
 * leaves. Other codes on a screen are second factors, passwords and payments: a page that was taken over gets none.
 */
import { decodeQR } from 'qr/decode.js'
import { AppError } from '../app-error.ts'
import { checkLine } from './line-check.ts'
import { pastedLines } from './pasted-lines.ts'

/** One screen's picture: four bytes a pixel in the order blue, green, red, alpha. */
export interface ScreenPicture {
  readonly width: number
  readonly height: number
  readonly pixels: Uint8Array
}

/** Takes the pictures; the only part that knows Electron implements it. */
export interface ScreenCapture {
  /** Whether the system lets us look; where it does not, pictures come back black. */
  isAllowed(): boolean
  take(maxWidth: number, maxHeight: number): Promise<readonly ScreenPicture[]>
}

/** A desk has no more screens, and each costs tens of megabytes while it is looked at. */
const MAX_SCREENS = 8
/** A picture up to 4K is taken as it is; a larger one loses detail that a code made for cameras does not need. */
const MAX_WIDTH = 3_840
const MAX_HEIGHT = 2_160
/** For the optional retries on one screen, in milliseconds; main must not stand still for longer. */
const TIME_LIMIT_MS = 300
/** The largest QR code holds 7,089 digits: what is longer did not come from one. */
const MAX_TEXT = 7_089

/** The texts of the codes that the screens show, one after another, or null when there is none; for `bridges.read-qr-from-screen`. */
export async function readQrFromScreens(capture: ScreenCapture): Promise<string | null> {
  if (!capture.isAllowed())
    throw new AppError('screen-not-allowed', 'the system does not let this program look at the screen')
  const pictures = await capture.take(MAX_WIDTH, MAX_HEIGHT)
  const texts = new Set<string>()
  for (const picture of pictures.slice(0, MAX_SCREENS)) {
    const text = readQr(picture)
    if (text !== undefined && text.length <= MAX_TEXT && isAboutBridges(text)) texts.add(text)
  }
  return texts.size === 0 ? null : [...texts].join('\n')
}

/** Also one with a mistake in it, so that the person is told which. */
function isAboutBridges(text: string): boolean {
  return pastedLines(text).some((line) => {
    const checked = checkLine(line.text, [])
    return checked.kind === 'good' || checked.fault !== 'not-a-bridge-line'
  })
}

function readQr(picture: ScreenPicture): string | undefined {
  const { width, height, pixels } = picture
  // An empty picture is what a screen that is off or forbidden gives.
  if (width < 21 || height < 21 || pixels.length !== width * height * 4) return undefined
  try {
    return decodeQR({ width, height, data: pixels }, { format: 'BGRA', timeLimit: TIME_LIMIT_MS })
  } catch {
    // The decoder throws where it finds no code: that is the usual case, not an error.
    return undefined
  } finally {
    // What else was on the screen is nobody's business for a moment longer.
    pixels.fill(0)
  }
}
