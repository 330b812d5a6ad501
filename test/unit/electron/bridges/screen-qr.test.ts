/** What is read from the pictures of screens: codes and nothing else. */
import { encodeQR } from 'qr'
import { describe, expect, it } from 'vitest'
import {
  readQrFromScreens,
  type ScreenCapture,
  type ScreenPicture,
} from '../../../../electron/bridges/screen-qr.ts'

const LINE =
  'obfs4 192.0.2.14:443 0123456789ABCDEF0123456789ABCDEF01234567 cert=abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789abcdefghijklmn iat-mode=0'

/** A screen in a middling grey with stripes, and a code on it if there is one. */
function screen(text?: string, scale = 3): ScreenPicture {
  const width = 1_280
  const height = 720
  const pixels = new Uint8Array(width * height * 4).fill(190)
  for (let i = 0; i < pixels.length; i += 44) pixels.fill(40, i, i + 3)
  if (text === undefined) return { width, height, pixels }
  encodeQR(text, 'raw', { border: 4 }).forEach((row, y) =>
    row.forEach((isDark, x) => {
      for (let dy = 0; dy < scale; dy++) {
        const at = ((101 + y * scale + dy) * width + 203 + x * scale) * 4
        pixels.fill(isDark ? 0 : 255, at, at + scale * 4)
      }
    }),
  )
  return { width, height, pixels }
}

function showing(...pictures: ScreenPicture[]): ScreenCapture {
  return { isAllowed: () => true, take: async () => pictures }
}

describe('a QR code on the screen', () => {
  it('is read from whichever screen shows it', async () => {
    expect(await readQrFromScreens(showing(screen(), screen(LINE)))).toBe(LINE)
  })

  it('is read with all the lines that it holds', async () => {
    const lines = [LINE, LINE.replace('192.0.2.14', '192.0.2.15'), LINE.replace('192.0.2.14', '192.0.2.16')]
    expect(await readQrFromScreens(showing(screen(lines.join('\n'))))).toBe(lines.join('\n'))
  })

  it('is read once where two screens mirror each other', async () => {
    expect(await readQrFromScreens(showing(screen(LINE), screen(LINE)))).toBe(LINE)
  })

  it.each([
    ['a second factor', 'otpauth://totp/Example:alice?secret=JBSWY3DPEHPK3PXP&issuer=Example'],
    ['the password of a network', 'WIFI:T:WPA;S:home;P:correct horse;;'],
    ['a payment', 'bitcoin:bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq?amount=1'],
    ['an address of the web', 'https://192.0.2.1/'],
  ])('that holds %s is not handed to the page', async (_, text) => {
    expect(await readQrFromScreens(showing(screen(text)))).toBeNull()
    expect(await readQrFromScreens(showing(screen(text), screen(LINE)))).toBe(LINE)
  })

  it('is null where no screen shows one', async () => {
    expect(await readQrFromScreens(showing(screen()))).toBeNull()
  })

  it('is not looked for in pictures that are empty or shorter than they say', async () => {
    const empty = { width: 0, height: 0, pixels: new Uint8Array(0) }
    const short = { width: 1_280, height: 720, pixels: new Uint8Array(64) }
    expect(await readQrFromScreens(showing(empty, short))).toBeNull()
  })

  it('is looked for on a bounded number of screens', async () => {
    const off = { width: 0, height: 0, pixels: new Uint8Array(0) }
    const screens = [...Array.from({ length: 8 }, () => off), screen(LINE)]
    expect(await readQrFromScreens(showing(...screens))).toBeNull()
  })

  it('leaves nothing of the picture in memory', async () => {
    const pictures = [screen(LINE), screen()]
    await readQrFromScreens(showing(...pictures))
    for (const { pixels } of pictures) expect(pixels.every((byte) => byte === 0)).toBe(true)
  })

  it('is refused with a kind, before any picture is taken, where the system forbids it', async () => {
    let hasLooked = false
    const forbidden: ScreenCapture = {
      isAllowed: () => false,
      take: async () => {
        hasLooked = true
        return []
      },
    }
    await expect(readQrFromScreens(forbidden)).rejects.toMatchObject({ kind: 'screen-not-allowed' })
    expect(hasLooked).toBe(false)
  })
})
