/**
 * AMP armor, in which an answer of the Snowflake broker comes through an AMP cache: an HTML page that the cache may have
 * rewritten, with base64 in its `pre` elements, cut by white space, after one digit for the format.
 */
import { TorError } from '../../util/errors.ts'

const FORMAT = '0'
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/
/** Elements whose text has no tags in it. */
const RAW_TEXT = new Set(['script', 'style', 'title', 'textarea', 'xmp', 'iframe', 'noembed', 'noframes'])
/** How base64's own characters can be written. */
const REFERENCES: ReadonlyMap<string, string> = new Map([
  ['&plus;', '+'],
  ['&sol;', '/'],
  ['&equals;', '='],
])
const REFERENCE = /&(?:plus|sol|equals|#[0-9]{1,3}|#[xX][0-9A-Fa-f]{1,2});/g

/** Throws `malformed` for a page that holds no answer, or a damaged one. */
export function decodeAmpArmor(page: string): Buffer {
  const text = unescapeReferences(textOfPreElements(page)).replace(/[\t\n\f\r ]+/g, '')
  if (text === '') throw malformedArmor('holds no answer')
  if (!text.startsWith(FORMAT)) throw malformedArmor('has an unknown format')
  const base64 = text.slice(FORMAT.length)
  if (base64.length % 4 !== 0 || !BASE64.test(base64)) throw malformedArmor('holds a damaged answer')
  return Buffer.from(base64, 'base64')
}

function malformedArmor(what: string): TorError {
  return new TorError('malformed', `the page of the AMP cache ${what}`)
}

interface Tag {
  readonly name: string
  readonly isEnd: boolean
  /** After its `>`. */
  readonly end: number
}

/** Linear in the length of the page. */
function textOfPreElements(page: string): string {
  const texts: string[] = []
  const lowerCase = page.toLowerCase()
  let isInPre = false
  for (let at = 0; at < page.length; ) {
    const open = nextMarkup(page, at)
    if (isInPre) texts.push(page.slice(at, open))
    if (open === page.length) break
    const tag = readTag(page, open)
    at = tag.end
    if (tag.name === 'pre') {
      if (tag.isEnd !== isInPre) throw malformedArmor('has elements that do not fit together')
      isInPre = !isInPre
    } else if (!tag.isEnd && RAW_TEXT.has(tag.name)) {
      at = endOfRawText(lowerCase, at, tag.name)
    }
  }
  if (isInPre) throw malformedArmor('is cut off')
  return texts.join('')
}

/** The next `<` that begins a tag or a comment, or the end. */
function nextMarkup(page: string, from: number): number {
  for (let at = page.indexOf('<', from); at >= 0; at = page.indexOf('<', at + 1)) {
    if (/[A-Za-z/!?]/.test(page.charAt(at + 1))) return at
  }
  return page.length
}

function readTag(page: string, open: number): Tag {
  if (page.startsWith('<!--', open)) return { name: '', isEnd: false, end: after(page, '-->', open + 4) }
  if (/[!?]/.test(page.charAt(open + 1))) return { name: '', isEnd: false, end: after(page, '>', open) }
  const isEnd = page.charAt(open + 1) === '/'
  const start = open + (isEnd ? 2 : 1)
  let end = start
  while (end < page.length && !/[\t\n\f\r />]/.test(page.charAt(end))) end++
  return { name: page.slice(start, end).toLowerCase(), isEnd, end: endOfTag(page, end) }
}

/** Quoted values may have a `>` in them. */
function endOfTag(page: string, from: number): number {
  let quote = ''
  for (let at = from; at < page.length; at++) {
    const character = page.charAt(at)
    if (quote !== '') {
      if (character === quote) quote = ''
    } else if (character === '>') {
      return at + 1
    } else if (character === '"' || character === "'") {
      quote = character
    }
  }
  return page.length
}

function endOfRawText(lowerCase: string, from: number, name: string): number {
  const end = lowerCase.indexOf(`</${name}`, from)
  return end < 0 ? lowerCase.length : end
}

function after(page: string, mark: string, from: number): number {
  const at = page.indexOf(mark, from)
  return at < 0 ? page.length : at + mark.length
}

function unescapeReferences(text: string): string {
  return text.replace(REFERENCE, (reference) => {
    const named = REFERENCES.get(reference)
    if (named !== undefined) return named
    const isHex = /^&#[xX]/.test(reference)
    return String.fromCharCode(Number(isHex ? `0x${reference.slice(3, -1)}` : reference.slice(2, -1)))
  })
}
