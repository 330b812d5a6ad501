/** The words of the app: complete, all of them used, plain text; and the renderer's rules that can be read off its sources. */
import { FluentResource } from '@fluent/bundle'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

const FOLDER = 'renderer/words/en'
/** Ids that are made of what main sends: their other half is known only at run time. */
const MADE_AT_RUN_TIME = /^error-/
const MARKUP = /<[a-z/!]|&[a-z#][a-z0-9]*;/i

interface Word {
  readonly file: string
  readonly id: string
}

const files = readdirSync(FOLDER).filter((name) => name.endsWith('.ftl'))
const words = files.flatMap((file): readonly Word[] =>
  new FluentResource(readFileSync(join(FOLDER, file), 'utf8')).body.map(({ id }) => ({ file, id })),
)
const sources = ['renderer', 'electron']
  .flatMap((root) => readdirSync(root, { recursive: true, withFileTypes: true }))
  .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name) && !entry.name.includes('.gen.'))
  .map((entry) => join(entry.parentPath, entry.name))
  .map((path) => ({ path, text: readFileSync(path, 'utf8') }))
const renderer = sources.filter(({ path }) => path.startsWith('renderer'))

/** What stands between quotes, and templates with their holes as patterns. */
function usedIds(): { readonly literals: ReadonlySet<string>; readonly patterns: readonly RegExp[] } {
  const literals = new Set<string>()
  const patterns: RegExp[] = []
  for (const { text } of sources) {
    for (const [, literal] of text.matchAll(/['"]([a-z][a-z0-9-]*)['"]/g)) literals.add(literal ?? '')
    for (const [, template] of text.matchAll(/`([a-z][a-z0-9-]*-\$\{[^`]*)`/g)) {
      const parts = (template ?? '').split(/\$\{[^}]*\}/)
      if (parts.every((part) => /^[a-z0-9-]*$/.test(part))) patterns.push(new RegExp(`^${parts.join('.+')}$`))
    }
  }
  return { literals, patterns }
}

describe('the words', () => {
  it('are all used somewhere', () => {
    const { literals, patterns } = usedIds()
    const unused = words.filter(
      ({ id }) =>
        !id.startsWith('-') &&
        !MADE_AT_RUN_TIME.test(id) &&
        !literals.has(id) &&
        !patterns.some((pattern) => pattern.test(id)),
    )
    expect(unused).toEqual([])
  })

  it('are there once each, under the name of their file', () => {
    const ids = words.map(({ id }) => id)
    expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([])
    const strangers = words.filter(({ file, id }) => !id.startsWith(prefixOf(file)) && !id.startsWith('-'))
    expect(strangers).toEqual([])
  })

  it('have no markup, which would be shown as it stands', () => {
    const faults = files.filter((file) => MARKUP.test(readFileSync(join(FOLDER, file), 'utf8')))
    expect(faults).toEqual([])
  })

  it('parse to the last line: a broken one would be dropped in silence', () => {
    for (const file of files) {
      const text = readFileSync(join(FOLDER, file), 'utf8')
      const begun = [...text.matchAll(/^(-?[a-z][a-z0-9-]*) *=/gm)].map(([, id]) => id)
      expect(words.filter((word) => word.file === file).map(({ id }) => id)).toEqual(begun)
    }
  })
})

describe('the renderer', () => {
  it('takes types and nothing else from the rest of the app', () => {
    const faults = renderer.flatMap(({ path, text }) =>
      [...text.matchAll(/^(?:import|export)\b(?! type\b)[^'"]*['"]([^'"]*(?:electron|core)\/[^'"]*)['"]/gm)]
        .filter(([statement]) => !/\{\s*(?:type \w+,?\s*)+\}/.test(statement))
        .map(([, specifier]) => `${path} imports ${specifier}`),
    )
    expect(faults).toEqual([])
  })

  it('has no sentence in its code', () => {
    const faults = renderer
      .filter(({ path }) => path.endsWith('.tsx'))
      .flatMap(({ path, text }) =>
        [
          ...text.matchAll(
            /\b(?:label|title|about|placeholder|alt|aria-label)="([^"]+)"|^\s+([A-Z][a-z]+ [a-z]+[a-z ]*)$/gm,
          ),
        ].map(([match]) => `${path}: ${match.trim()}`),
      )
    expect(faults).toEqual([])
  })

  it('makes no markup from text, and keeps nothing in the browser', () => {
    const forbidden =
      /dangerouslySetInnerHTML|innerHTML|insertAdjacentHTML|localStorage|sessionStorage|indexedDB|\bfetch\(|XMLHttpRequest|WebSocket|navigator\.clipboard/
    expect(renderer.filter(({ text }) => forbidden.test(text)).map(({ path }) => path)).toEqual([])
  })
})

function prefixOf(file: string): string {
  return `${file === 'errors.ftl' ? 'error' : file.slice(0, -'.ftl'.length)}-`
}
