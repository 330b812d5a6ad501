/** Sizes of memory as C tor reads them: `256 MB`, `1.5 gbytes`, `512 megabits`. Units are powers of 1024. */
import { badValue } from '../torrc-line.ts'
import type { ValueType } from './values.ts'

const SIZE = /^\+?([0-9]{1,15}(?:\.[0-9]{0,9})?|\.[0-9]{1,9})[ \t]*([a-z]*)$/i

const BITS_IN_BYTE = 8
const PREFIXES = [
  ['k', 'kilo'],
  ['m', 'mega'],
  ['g', 'giga'],
  ['t', 'tera'],
] as const

/** Each unit in bytes. */
const UNITS = new Map<string, number>([
  ...['', 'b', 'byte', 'bytes'].map((unit): [string, number] => [unit, 1]),
  // Of the letters alone, C tor knows this one only.
  ['m', 1024 ** 2],
  ...PREFIXES.flatMap(([short, long], at) => {
    const bytes = 1024 ** (at + 1)
    const units = [`${short}b`, `${short}byte`, `${short}bytes`, `${long}byte`, `${long}bytes`]
    const ofBits = [`${short}bit`, `${short}bits`, `${long}bit`, `${long}bits`]
    return [
      ...units.map((unit): [string, number] => [unit, bytes]),
      ...ofBits.map((unit): [string, number] => [unit, bytes / BITS_IN_BYTE]),
    ]
  }),
])

/** In bytes; undefined for 0, which leaves the choice to the program. `warnBelow` has C tor's warning beneath it. */
export function memorySize(warnBelow: number): ValueType<number | undefined> {
  return {
    parse: (text, option) => {
      const bytes = readBytes(text)
      if (bytes === undefined || bytes > Number.MAX_SAFE_INTEGER) {
        badValue(option, 'a size such as "256 MB", or 0', text)
      }
      return bytes === 0 ? undefined : bytes
    },
    format: (bytes) => String(bytes ?? 0),
    warn: (text) => {
      const bytes = readBytes(text) ?? 0
      return bytes > 0 && bytes < warnBelow
        ? 'is so low that circuits may be closed in ordinary use'
        : undefined
    },
  }
}

function readBytes(text: string): number | undefined {
  const [, amount, unit = ''] = SIZE.exec(text) ?? []
  const bytes = UNITS.get(unit.toLowerCase())
  return amount === undefined || bytes === undefined ? undefined : Math.floor(Number(amount) * bytes)
}
