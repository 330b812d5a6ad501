/**
 * Reads small ASCII fields straight from a document's bytes, for the scanners that walk thousands of relays and
 * must not make a string per field. A bad field is a negative or false result: the scanner says what it was.
 */

export const LF = 10
export const SPACE = 32
const ZERO = 48
const NINE = 57
const DOT = 46
const EQUALS = 61

const BASE64_VALUES = digitValues('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/')
const HEX_VALUES = hexValues()

function hexValues(): Int8Array {
  const values = digitValues('0123456789ABCDEF')
  values.set(values.subarray(65, 71), 97)
  return values
}

function digitValues(digits: string): Int8Array {
  const values = new Int8Array(256).fill(-1)
  for (let value = 0; value < digits.length; value++) values[digits.charCodeAt(value)] = value
  return values
}

/**
 * Decodes base64 of exactly `size` bytes from `bytes[start, end)` into `out` at `outAt`. Padding may be left out, as
 * the directory documents do. False when the text is anything else.
 */
export function decodeBase64Into(
  bytes: Uint8Array,
  start: number,
  end: number,
  out: Uint8Array,
  outAt: number,
  size: number,
): boolean {
  let last = end
  while (last > start && end - last < 2 && bytes[last - 1] === EQUALS) last--
  if (last - start !== Math.ceil((size * 4) / 3)) return false
  let bits = 0
  let bitCount = 0
  let at = outAt
  for (let from = start; from < last; from++) {
    const value = BASE64_VALUES[bytes[from] ?? 0] ?? -1
    if (value < 0) return false
    bits = ((bits << 6) | value) & 0xffffff
    bitCount += 6
    if (bitCount < 8) continue
    bitCount -= 8
    out[at++] = (bits >>> bitCount) & 0xff
  }
  return true
}

/** A decimal number without sign in `bytes[start, end)`, or -1 when it is not one or exceeds `max` (< 2^53). */
export function parseUnsigned(bytes: Uint8Array, start: number, end: number, max: number): number {
  if (start >= end || end - start > 15) return -1
  let value = 0
  for (let at = start; at < end; at++) {
    const digit = bytes[at] ?? 0
    if (digit < ZERO || digit > NINE) return -1
    value = value * 10 + (digit - ZERO)
  }
  return value > max ? -1 : value
}

/** A dotted IPv4 address as its big-endian value, or -1. */
export function parseIpv4Value(bytes: Uint8Array, start: number, end: number): number {
  let value = 0
  let parts = 0
  let from = start
  for (let at = start; at <= end; at++) {
    if (at < end && bytes[at] !== DOT) continue
    const part = at - from > 3 ? -1 : parseUnsigned(bytes, from, at, 255)
    if (part < 0 || ++parts > 4) return -1
    value = value * 256 + part
    from = at + 1
  }
  return parts === 4 ? value : -1
}

const COLON = 58
const OPEN_BRACKET = 91
const CLOSE_BRACKET = 93
const IPV6_GROUPS = 8

/**
 * Reads `[address]:port` in `bytes[start, end)`: writes the 16 bytes of the address to `out` at `outAt` and returns
 * the port, or 0 when it is anything else. An address that ends in a dotted IPv4 one is not an address of IPv6 hosts.
 */
export function readIpv6Endpoint(
  bytes: Uint8Array,
  start: number,
  end: number,
  out: Buffer,
  outAt: number,
): number {
  if (bytes[start] !== OPEN_BRACKET) return 0
  let close = start + 1
  while (close < end && bytes[close] !== CLOSE_BRACKET) close++
  if (bytes[close + 1] !== COLON || !readIpv6(bytes, start + 1, close, out, outAt)) return 0
  return Math.max(0, parseUnsigned(bytes, close + 2, end, 65_535))
}

function readIpv6(bytes: Uint8Array, start: number, end: number, out: Buffer, outAt: number): boolean {
  let groups = 0
  /** How many groups come before "::"; -1 while there was none. */
  let gap = -1
  let at = start
  while (at < end) {
    if (bytes[at] === COLON && bytes[at + 1] === COLON && at + 1 < end) {
      if (gap >= 0) return false
      gap = groups
      at += 2
      if (at === end) break
    } else if (groups > 0) {
      if (bytes[at] !== COLON) return false
      at++
    }
    let digits = 0
    let value = 0
    for (; at < end && bytes[at] !== COLON; at++, digits++) {
      const digit = HEX_VALUES[bytes[at] ?? 0] ?? -1
      if (digit < 0 || digits === 4) return false
      value = (value << 4) | digit
    }
    if (digits === 0 || groups === IPV6_GROUPS) return false
    out.writeUInt16BE(value, outAt + groups * 2)
    groups++
  }
  return gap < 0 ? groups === IPV6_GROUPS : spreadGroups(out, outAt, groups, gap)
}

/** Moves the groups after "::" to the end and puts zeros where it stood for at least one group. */
function spreadGroups(out: Buffer, outAt: number, groups: number, gap: number): boolean {
  if (groups >= IPV6_GROUPS) return false
  const after = (groups - gap) * 2
  out.copyWithin(outAt + 16 - after, outAt + gap * 2, outAt + groups * 2)
  out.fill(0, outAt + gap * 2, outAt + 16 - after)
  return true
}

export function formatIpv4Value(value: number): string {
  return `${value >>> 24}.${(value >>> 16) & 255}.${(value >>> 8) & 255}.${value & 255}`
}

/** Where the token that starts at `start` ends: the next space or `lineEnd`. */
export function tokenEnd(bytes: Uint8Array, start: number, lineEnd: number): number {
  let at = start
  while (at < lineEnd && bytes[at] !== SPACE) at++
  return at
}

/** Whether `bytes` continue with `text` (ASCII) at `start`. */
export function startsWithAt(bytes: Uint8Array, start: number, text: string): boolean {
  for (let at = 0; at < text.length; at++) {
    if (bytes[start + at] !== text.charCodeAt(at)) return false
  }
  return true
}

/** The end of the line that holds `start`: the offset of its LF, or `end` when the last line has none. */
export function lineEndAt(bytes: Uint8Array, start: number, end: number): number {
  let at = start
  while (at < end && bytes[at] !== LF) at++
  return at
}
