/**
 * All text that a person reads, by id, from the Fluent files beside this one. The ids and their arguments are types
 * (scripts/word-ids.mjs), so a missing word fails the type check and not a person.
 */
import { FluentBundle, FluentResource } from '@fluent/bundle'
import { createContext, type ReactNode, useContext, useLayoutEffect, useMemo } from 'react'
import { createFormat, type Format } from './format.ts'
import type { WordArgument, WordArguments, WordId } from './ids.gen.ts'
import { chooseLocale, type Locale } from './locales.ts'

type Intersection<Union> = (Union extends unknown ? (part: Union) => void : never) extends (
  part: infer All,
) => void
  ? All
  : never
type Needed<Id extends WordId> = Intersection<Exclude<WordArguments[Id], undefined>>
type NeededList<Id extends WordId> = [Exclude<WordArguments[Id], undefined>] extends [never]
  ? []
  : [values: Needed<Id>]

export type WordsFunction = <Id extends WordId>(id: Id, ...values: NeededList<Id>) => string

interface Language {
  readonly words: WordsFunction
  /** Whether there is such a word: for ids made of what main sends, like error kinds. */
  readonly lookUp: (id: string) => WordId | undefined
  readonly format: Format
  readonly locale: Locale
}

const sources = import.meta.glob<string>('./en/*.ftl', { query: '?raw', import: 'default', eager: true })

function createLanguage(locale: Locale, systemLanguages: readonly string[]): Language {
  const bundle = new FluentBundle(locale.tag, locale.transform ? { transform: locale.transform } : {})
  for (const text of Object.values(sources)) bundle.addResource(new FluentResource(text))
  const words: WordsFunction = (id, ...list) => {
    const pattern = bundle.getMessage(id)?.value
    // That the arguments are those of the id was checked where this was called.
    const [values = {}] = list as readonly Readonly<Record<string, WordArgument>>[]
    return pattern === undefined || pattern === null ? id : bundle.formatPattern(pattern, values, [])
  }
  // Numbers as the reader's country writes them, where its language is that of the words.
  const regional = systemLanguages.find((tag) => tag.split('-')[0] === locale.tag)
  return {
    words,
    lookUp: (id) => (bundle.hasMessage(id) ? (id as WordId) : undefined),
    format: createFormat(regional ?? locale.tag),
    locale,
  }
}

const LanguageContext = createContext<Language>(createLanguage(chooseLocale('system', []), []))

export function WordsProvider({
  language,
  children,
}: {
  readonly language: string
  readonly children: ReactNode
}): ReactNode {
  const value = useMemo(
    () => createLanguage(chooseLocale(language, navigator.languages), navigator.languages),
    [language],
  )
  // Before anything is painted, or the page would be seen to turn around.
  useLayoutEffect(() => {
    document.documentElement.lang = value.locale.tag
    document.documentElement.dir = value.locale.direction
  }, [value])
  return <LanguageContext value={value}>{children}</LanguageContext>
}

export function useWords(): WordsFunction {
  return useContext(LanguageContext).words
}

export function useWordLookUp(): Language['lookUp'] {
  return useContext(LanguageContext).lookUp
}

export function useFormat(): Format {
  return useContext(LanguageContext).format
}

export function useLocale(): Locale {
  return useContext(LanguageContext).locale
}
