/** Relay families: who says to be run by the same people (dir-spec 2.1.1 "family", happy families' "family-ids"). */
import type { RsaIdentity } from '../linkspec/relay-ids.ts'

const FINGERPRINT = /^\$[0-9A-F]{40}$/

/**
 * The text of a "family" line made searchable: each member once between spaces, fingerprints as `$HEX`, nicknames in
 * lower case. The `~nickname` or `=nickname` after a fingerprint says nothing; words of any other form are dropped.
 */
export function normalizeFamily(text: string): string {
  const members = new Set<string>()
  for (const word of text.split(' ')) {
    if (!word.startsWith('$')) {
      if (/^[A-Za-z0-9]{1,19}$/.test(word)) members.add(word.toLowerCase())
      continue
    }
    const fingerprint = word.slice(0, 41).toUpperCase()
    const separator = word[41] ?? '~'
    if (FINGERPRINT.test(fingerprint) && (separator === '~' || separator === '=')) members.add(fingerprint)
  }
  return members.size === 0 ? '' : ` ${[...members].join(' ')} `
}

/** Whether a normalized family lists this relay, by fingerprint or by nickname. */
export function familyLists(normalized: string, rsa: RsaIdentity, nickname: string): boolean {
  if (normalized === '') return false
  return normalized.includes(` $${rsa} `) || normalized.includes(` ${nickname.toLowerCase()} `)
}

/** Whether two "family-ids" texts have an id in common. */
export function shareFamilyId(a: string, b: string): boolean {
  if (a === '' || b === '') return false
  const ids = new Set(a.split(' '))
  ids.delete('')
  return b.split(' ').some((id) => ids.has(id))
}
