/** Reads the QR code in a picture that the person gave us; the picture stays in this page's memory. */
import { decodeQR } from 'qr/decode.js'

export type PictureFault = 'too-large' | 'not-a-picture' | 'no-code'
export type PictureResult =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly fault: PictureFault }

/** Photos of telephones have less; more is a mistake. */
const MAX_FILE_BYTES = 25_000_000
/** A larger picture is made smaller before the look: a code that a camera took in fills much of it. */
const MAX_SIDE = 2_400
/** For the optional retries, in milliseconds: somebody waits for the answer, and the window must not freeze. */
const TIME_LIMIT_MS = 400

export async function readPicture(file: Blob): Promise<PictureResult> {
  if (file.size > MAX_FILE_BYTES) return { ok: false, fault: 'too-large' }
  let bitmap: ImageBitmap
  try {
    bitmap = await createImageBitmap(file)
  } catch {
    return { ok: false, fault: 'not-a-picture' }
  }
  try {
    const text = findCode(bitmap)
    return text === undefined ? { ok: false, fault: 'no-code' } : { ok: true, text }
  } finally {
    bitmap.close()
  }
}

function findCode(bitmap: ImageBitmap): string | undefined {
  const scale = Math.min(1, MAX_SIDE / Math.max(bitmap.width, bitmap.height))
  const width = Math.max(1, Math.round(bitmap.width * scale))
  const height = Math.max(1, Math.round(bitmap.height * scale))
  const canvas = new OffscreenCanvas(width, height)
  const context = canvas.getContext('2d', { willReadFrequently: true })
  if (context === null) return undefined
  // Transparent pictures are drawn on white, as whoever made them saw them.
  context.fillStyle = 'white'
  context.fillRect(0, 0, width, height)
  context.drawImage(bitmap, 0, 0, width, height)
  const { data } = context.getImageData(0, 0, width, height)
  try {
    return decodeQR({ width, height, data }, { format: 'RGBA', timeLimit: TIME_LIMIT_MS })
  } catch {
    // The decoder throws where it finds no code.
    return undefined
  }
}

/** The first picture among what was dropped or pasted. */
export function pictureIn(transfer: DataTransfer | null): File | undefined {
  return [...(transfer?.files ?? [])].find(({ type }) => type.startsWith('image/'))
}
