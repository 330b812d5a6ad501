/** What a host name may look like, for names that we ask for and for those that others tell us. */

/** RFC 1035: 253 characters in text, 63 a label. */
const MAX_NAME_CHARS = 253
const MAX_LABEL_CHARS = 63

/** A hyphen at either end could pass for an option of a program. */
const LABEL = /^[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?$/

/** Letters, digits, dot and hyphen are RFC 953's; the underscore is in wide use. */
const USUAL_CHARACTERS = /^[a-z0-9._-]+$/

/** A last label like this makes programs read the whole as an IPv4 address, in one of its odd notations. */
const NUMERIC_LABEL = /^(?:[0-9]+|0x[0-9a-f]*)$/

/** Names that mean this machine, its network, or Tor itself, and never a host of the Internet. */
const SPECIAL_LABELS: ReadonlySet<string> = new Set(['localhost', 'local', 'onion', 'exit'])

/** `name` is lower case. */
export function hasUsualCharacters(name: string): boolean {
  return USUAL_CHARACTERS.test(name)
}

export function lastLabelOf(name: string): string {
  return name.slice(name.lastIndexOf('.') + 1)
}

export function endsInNumber(name: string): boolean {
  return NUMERIC_LABEL.test(lastLabelOf(name))
}

/**
 * Whether a name that a stranger gave us, in lower case and without a dot at its end, is that of a host on the
 * Internet: what an application then does with it must not surprise anybody (TROVE-2026-035).
 */
export function isInternetHostName(name: string): boolean {
  if (name.length === 0 || name.length > MAX_NAME_CHARS || !hasUsualCharacters(name)) return false
  if (endsInNumber(name) || SPECIAL_LABELS.has(lastLabelOf(name))) return false
  return name.split('.').every((label) => LABEL.test(label) && label.length <= MAX_LABEL_CHARS)
}
