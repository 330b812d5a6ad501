/**
 * A plugin's own words for our log. They are about bridges and proxies, whose addresses and passwords nobody may read
 * there: only words of letters are shown as they are, and no known secret.
 */
import { type LogPart, sensitive } from '../../util/log.ts'

/** Of one message; what follows is not worth the room. */
const MAX_MESSAGE_CHARS = 500

/** No address, no base64 of any length that would be a key, no path. */
const PLAIN_WORD = /^["'(]?[A-Za-z]{1,20}(?:[-'][A-Za-z]{1,12})?["')]?[.,:;!?]?$/

/** `secrets` are hidden also where they look like words. */
export function scrubbedWords(message: string, secrets: readonly string[]): readonly LogPart[] {
  const isPlain = (word: string): boolean =>
    PLAIN_WORD.test(word) && !secrets.some((secret) => secret !== '' && word.includes(secret))
  const words = printable(message.slice(0, MAX_MESSAGE_CHARS)).split(' ')
  return words.flatMap((word, at): readonly LogPart[] => {
    const shown = word === '' || isPlain(word) ? word : sensitive(word)
    return at === 0 ? [shown] : [' ', shown]
  })
}

/** One line that no terminal takes for a command. */
function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, ' ')
}
