/**
 * Finds the bridge lines in what a person pasted or a QR code held: one a line, with or without the word "Bridge", among
 * comments and blank lines; or as a list between brackets, in JSON or as Python writes it, which is how the codes of
 * the bridge distributors look. Whether they are any good is decided elsewhere.
 */

export interface PastedLine {
  /** Counted from 1, as pasted. */
  readonly lineNumber: number
  /** Without what is around it. */
  readonly text: string
}

/** A list over more lines is none. */
const MAX_LIST_LINES = 200
/** An IPv6 address begins with a bracket too, but with no quotation mark behind it. */
const LIST_START = /^\[\s*(?:['"]|$)/
/** Text between marks of one kind, with escaped characters in it. */
const QUOTED = /'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"/g
/** What mail programs and web pages put where nobody sees it. */
const INVISIBLE = /[\u200b-\u200f\u2060\ufeff]/g
const BLANK = /[\u00a0\u2000-\u200a\u202f\u3000]/g

export function pastedLines(text: string): readonly PastedLine[] {
  const rows = text
    .replaceAll(INVISIBLE, '')
    .replaceAll(BLANK, ' ')
    .split(/\r\n|\r|\n/)
  const found: PastedLine[] = []
  for (let at = 0; at < rows.length; at++) {
    const row = rows[at]?.trim() ?? ''
    if (row === '' || row.startsWith('#')) continue
    const list = LIST_START.test(row) ? readList(rows, at) : undefined
    const lines = list?.lines ?? [row]
    for (const line of lines) found.push({ lineNumber: at + 1, text: withoutOption(line) })
    at += list?.moreRows ?? 0
  }
  return found.filter((line) => line.text !== '')
}

/** Undefined when the list does not end. */
function readList(
  rows: readonly string[],
  start: number,
): { readonly lines: readonly string[]; readonly moreRows: number } | undefined {
  for (let end = start; end < Math.min(rows.length, start + MAX_LIST_LINES); end++) {
    if (rows[end]?.trim().endsWith(']') !== true) continue
    const list = rows.slice(start, end + 1).join('\n')
    const lines = [...list.matchAll(QUOTED)].map(([, single, double]) => unescape(single ?? double ?? ''))
    return { lines, moreRows: end - start }
  }
  return undefined
}

/** Bridge lines need no escapes but those of the marks themselves. */
function unescape(quoted: string): string {
  return quoted.replaceAll(/\\(.)/g, '$1').trim()
}

/** A line of a torrc begins with the option's name. */
function withoutOption(line: string): string {
  return line.trim().replace(/^bridge\s+/i, '')
}
