/** Bridge lines as QR codes: how they are spread, and that what is drawn is read back. */
import { decodeQR } from 'qr/decode.js'
import { describe, expect, it } from 'vitest'
import { COMFORTABLE_BYTES, drawCode, splitIntoCodes } from '../../../renderer/views/bridges/qr-codes.ts'

const obfs4 = (n: number): string =>
  `obfs4 192.0.2.${n}:443 0123456789ABCDEF0123456789ABCDEF01234567 cert=abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789abcdefgh${n} iat-mode=0`

/** Paints the path as a browser would, so that the very shape on the screen is tested. */
function readBack(text: string): string {
  const { size, path } = drawCode(text)
  const scale = 4
  const side = size * scale
  const data = new Uint8Array(side * side * 4).fill(255)
  for (const [, x, y, width] of path.matchAll(/M(\d+) (\d+)h(\d+)v1h-\d+z/g)) {
    for (let dy = 0; dy < scale; dy++) {
      const row = (Number(y) * scale + dy) * side
      for (let dx = 0; dx < Number(width) * scale; dx++)
        data.fill(0, (row + Number(x) * scale + dx) * 4, (row + Number(x) * scale + dx) * 4 + 3)
    }
  }
  return decodeQR({ width: side, height: side, data }, { timeLimit: 1_000 })
}

describe('bridge lines as QR codes', () => {
  it('read back as the same line', () => {
    expect(readBack(obfs4(14))).toBe(obfs4(14))
  })

  it('hold three obfs4 lines in one code', () => {
    const lines = [obfs4(1), obfs4(2), obfs4(3)]
    expect(splitIntoCodes(lines)).toEqual([lines.join('\n')])
    expect(readBack(lines.join('\n'))).toBe(lines.join('\n'))
  })

  it('spread over several codes in order, none of them hard to read', () => {
    const lines = Array.from({ length: 11 }, (_, n) => obfs4(n))
    const codes = splitIntoCodes(lines)
    expect(codes.length).toBeGreaterThan(1)
    expect(codes.flatMap((code) => code.split('\n'))).toEqual(lines)
    for (const code of codes) expect(code.length).toBeLessThanOrEqual(COMFORTABLE_BYTES)
  })

  it('give a long line a code of its own, and leave out what no code can hold', () => {
    const long = `webtunnel ${'x'.repeat(2_000)}`
    expect(splitIntoCodes([obfs4(1), long, 'y'.repeat(3_000), obfs4(2)])).toEqual([obfs4(1), long, obfs4(2)])
    expect(readBack(long)).toBe(long)
  })

  it('are none for no lines', () => {
    expect(splitIntoCodes([])).toEqual([])
  })
})
