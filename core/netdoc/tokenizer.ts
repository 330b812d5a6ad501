/**
 * The meta-format of directory documents (dir-spec 1.2): items of a keyword line and an optional object. For the
 * small documents and the frame of the consensus; the relays inside are scanned as bytes elsewhere.
 */
import { fromBase64 } from '../util/bytes.ts'
import { malformed } from '../util/errors.ts'

/** A block between BEGIN and END lines. */
export interface DocumentObject {
  readonly label: string
  readonly bytes: Buffer
}

export interface DocumentItem {
  readonly keyword: string
  readonly args: readonly string[]
  readonly object: DocumentObject | undefined
  /** Offset of the keyword's first character in the document. */
  readonly start: number
  /** Offset just past the keyword line's LF. */
  readonly lineEnd: number
}

/** More lines than any document tokenized here has: a header lists some ten authorities, a footer as many signatures. */
const MAX_ITEMS = 2_000
/** A 16,384-bit RSA signature or key is about 3 kB of base64. */
const MAX_OBJECT_CHARS = 8_192

const KEYWORD = /^[A-Za-z0-9][A-Za-z0-9-]*$/
const BEGIN = /^-----BEGIN ([A-Za-z0-9][A-Za-z0-9 -]*)-----$/

/** Splits a document (latin1 text) into its items. Throws `malformed`; `what` names the document. */
export function tokenize(text: string, what: string): DocumentItem[] {
  // Lines end in LF alone and NUL is nowhere legal: other parsers would disagree with us about where things end.
  if (text.includes('\0')) malformed(what, 'no NUL')
  if (text.includes('\r')) malformed(what, 'lines that end in LF only')
  if (text !== '' && !text.endsWith('\n')) malformed(what, 'a final LF')
  const items: DocumentItem[] = []
  let at = 0
  while (at < text.length) {
    const lineEnd = text.indexOf('\n', at)
    if (lineEnd === at) {
      at++
      continue
    }
    if (items.length === MAX_ITEMS) malformed(what, `at most ${MAX_ITEMS} items`)
    const item = readItem(text, at, lineEnd, what)
    items.push(item.item)
    at = item.next
  }
  return items
}

function readItem(
  text: string,
  start: number,
  end: number,
  what: string,
): { item: DocumentItem; next: number } {
  const [keyword = '', ...args] = text.slice(start, end).split(/[ \t]+/)
  if (!KEYWORD.test(keyword)) malformed(what, 'a keyword at the start of each line')
  if (args.at(-1) === '') args.pop()
  const lineEnd = end + 1
  if (!text.startsWith('-----BEGIN ', lineEnd)) {
    return { item: { keyword, args, object: undefined, start, lineEnd }, next: lineEnd }
  }
  const { object, next } = readObject(text, lineEnd, what)
  return { item: { keyword, args, object, start, lineEnd }, next }
}

function readObject(text: string, start: number, what: string): { object: DocumentObject; next: number } {
  const beginEnd = text.indexOf('\n', start)
  const label = BEGIN.exec(text.slice(start, beginEnd))?.[1]
  if (label === undefined) malformed(what, 'a well-formed BEGIN line')
  const endLine = `-----END ${label}-----\n`
  const bodyEnd = text.indexOf('-----END ', beginEnd)
  if (bodyEnd < 0 || !text.startsWith(endLine, bodyEnd)) malformed(what, `an END line for ${label}`)
  if (bodyEnd - beginEnd > MAX_OBJECT_CHARS)
    malformed(what, `an object of at most ${MAX_OBJECT_CHARS} characters`)
  const bytes = fromBase64(text.slice(beginEnd + 1, bodyEnd).replaceAll('\n', ''))
  return { object: { label, bytes }, next: bodyEnd + endLine.length }
}

/** The one item with this keyword. Throws `malformed` when there is none or more than one. */
export function exactlyOne(items: readonly DocumentItem[], keyword: string, what: string): DocumentItem {
  return atMostOne(items, keyword, what) ?? malformed(what, `a "${keyword}" line`)
}

/** Throws `malformed` when there is more than one. */
export function atMostOne(
  items: readonly DocumentItem[],
  keyword: string,
  what: string,
): DocumentItem | undefined {
  const found = items.filter((item) => item.keyword === keyword)
  if (found.length > 1) malformed(what, `at most one "${keyword}" line`)
  return found[0]
}

/** The object of the one item with this keyword, which must bear one of the labels. Throws `malformed`. */
export function objectOf(
  items: readonly DocumentItem[],
  keyword: string,
  labels: readonly string[],
  what: string,
): Buffer {
  const { object } = exactlyOne(items, keyword, what)
  if (object === undefined || !labels.includes(object.label)) {
    malformed(what, `a ${labels[0]} object after "${keyword}"`)
  }
  return object.bytes
}
