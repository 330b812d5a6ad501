/** The languages that the app has words for, and two that only tests use: they show what a translation would break. */

export interface Locale {
  /** As in the settings. */
  readonly tag: string
  readonly direction: 'ltr' | 'rtl'
  /** Which folder of Fluent files it is made from. */
  readonly folder: 'en'
  readonly transform: ((text: string) => string) | undefined
}

const ENGLISH: Locale = { tag: 'en', direction: 'ltr', folder: 'en', transform: undefined }
/** English with accents and a third longer. */
const LONG_PSEUDO: Locale = { tag: 'en-XA', direction: 'ltr', folder: 'en', transform: lengthen }
/** English that runs from right to left. */
const RTL_PSEUDO: Locale = { tag: 'ar-XB', direction: 'rtl', folder: 'en', transform: undefined }

/** Those that a person can choose. */
export const LOCALES: readonly Locale[] = [ENGLISH]

/** What the setting and the system's languages come to. */
export function chooseLocale(setting: string, systemLanguages: readonly string[]): Locale {
  const wanted = setting === 'system' ? systemLanguages : [setting]
  const all = [...LOCALES, LONG_PSEUDO, RTL_PSEUDO]
  for (const tag of wanted) {
    // The very one before its language in general: the long English is English, too.
    const found =
      all.find((locale) => locale.tag === tag) ?? all.find(({ tag: own }) => own === tag.split('-')[0])
    if (found !== undefined) return found
  }
  return ENGLISH
}

function lengthen(text: string): string {
  const accented = text.replace(/[aeiou]/g, (letter) => ACCENTED[letter] ?? letter)
  return text.trim().length < 3 ? accented : `${accented}${' ~~~~'.repeat(Math.ceil(text.length / 15))}`
}

const ACCENTED: Readonly<Record<string, string>> = { a: 'á', e: 'é', i: 'í', o: 'ó', u: 'ú' }
