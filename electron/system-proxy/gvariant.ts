/**
 * The few forms of GVariant text that gsettings prints for the proxy's settings, read strictly: what this does not
 * accept is neither noted in the journal nor ever given back to gsettings.
 */

export type GVariantType = 'string' | 'int' | 'bool' | 'strings'

/** Nobody's list of exceptions is longer; what is longer is no setting of a person's. */
const MAX_TEXT_CHARACTERS = 100_000

const ESCAPE = /\\(?:[\\'"abfnrtv]|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8})/.source
/** GLib takes double quotes only for a text with a single quote in it. */
const STRING = `'(?:[^'\\\\\\n]|${ESCAPE})*'|"(?:[^"\\\\\\n]|${ESCAPE})*"`
const FORMS: Readonly<Record<GVariantType, RegExp>> = {
  string: new RegExp(`^(?:${STRING})$`, 'u'),
  int: /^(?:0|-?[1-9][0-9]{0,9})$/,
  bool: /^(?:true|false)$/,
  strings: new RegExp(`^(?:@as \\[\\]|\\[(?:${STRING})(?:, (?:${STRING}))*\\])$`, 'u'),
}

export function isGVariantText(type: GVariantType, text: string): boolean {
  return text.length <= MAX_TEXT_CHARACTERS && FORMS[type].test(text)
}

/** For texts of ours: no quote, no backslash, no control character in them. */
export function gvariantString(text: string): string {
  if (!/^[\x20-\x7e]*$/.test(text) || /['"\\]/.test(text)) throw new RangeError('not a plain text')
  return `'${text}'`
}

/** As gsettings prints it, so that what is read back is the same text. */
export function gvariantStrings(texts: readonly string[]): string {
  return texts.length === 0 ? '@as []' : `[${texts.map(gvariantString).join(', ')}]`
}
