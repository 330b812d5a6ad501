/** Bridge lines as QR codes: how many codes they need, and each code's shape as one SVG path. */
import { encodeQR } from 'qr'

/**
 * What one code holds at most, in bytes: three obfs4 lines fit, and an ordinary phone camera still reads the code off a
 * small window. A single line that is longer has a code of its own.
 */
export const COMFORTABLE_BYTES = 600
/** Version 40 with the least error correction holds no more. */
const MOST_BYTES = 2_953
/** Empty modules around the code, as the standard asks for; scanners need them. */
const QUIET_ZONE = 4

const encoder = new TextEncoder()
const bytesOf = (text: string): number => encoder.encode(text).length

/** The texts of the codes that carry all lines, in order; what no code can hold is left out. */
export function splitIntoCodes(lines: readonly string[]): string[] {
  const codes: string[] = []
  let current: string | undefined
  for (const line of lines) {
    if (bytesOf(line) > MOST_BYTES) continue
    const together: string = current === undefined ? line : `${current}\n${line}`
    if (current !== undefined && bytesOf(together) > COMFORTABLE_BYTES) {
      codes.push(current)
      current = line
    } else {
      current = together
    }
  }
  if (current !== undefined) codes.push(current)
  return codes
}

export interface QrShape {
  /** Modules on a side, the quiet zone included. */
  readonly size: number
  /** The dark modules: one rectangle for each run in a row. */
  readonly path: string
}

/** Throws when the text does not fit into one code. */
export function drawCode(text: string): QrShape {
  // More correction makes finer modules: a screen is clean, so the long codes take less of it.
  const ecc = bytesOf(text) > COMFORTABLE_BYTES ? 'low' : 'medium'
  const rows = encodeQR(text, 'raw', { border: QUIET_ZONE, ecc })
  return { size: rows.length, path: rows.map(drawRow).join('') }
}

function drawRow(row: readonly boolean[], y: number): string {
  let path = ''
  for (let x = 0; x < row.length; x++) {
    if (row[x] !== true) continue
    const from = x
    while (row[x + 1] === true) x++
    const width = x + 1 - from
    path += `M${from} ${y}h${width}v1h-${width}z`
  }
  return path
}
