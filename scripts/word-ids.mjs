// Derives the types of the app's words from the English Fluent files: which ids there are, and which arguments each
// needs. Runs before the type check, so that a missing word or argument is a type error; the result is not committed.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { FluentResource } from '@fluent/bundle'

const FOLDER = 'renderer/words/en'
const OUTPUT = 'renderer/words/ids.gen.ts'

const argumentsById = new Map()
for (const name of readdirSync(FOLDER)) {
  if (!name.endsWith('.ftl')) continue
  for (const entry of new FluentResource(readFileSync(`${FOLDER}/${name}`, 'utf8')).body) {
    // A term, for use within words only.
    if (entry.id.startsWith('-')) continue
    const found = new Set()
    collect(entry.value, found)
    if (argumentsById.has(entry.id)) throw new Error(`${name}: ${entry.id} is there twice`)
    argumentsById.set(
      entry.id,
      [...found].sort((a, b) => (a < b ? -1 : 1)),
    )
  }
}

const rows = [...argumentsById].sort(([a], [b]) => (a < b ? -1 : 1)).map(row)
writeFileSync(
  OUTPUT,
  `/** Made by scripts/word-ids.mjs from the Fluent files: every word and the arguments that it needs. */
export type WordArgument = string | number

export interface WordArguments {
${rows.join('\n')}
}

export type WordId = keyof WordArguments
`,
)

function row([id, names]) {
  const type =
    names.length === 0
      ? 'undefined'
      : `{ ${names.map((name) => `readonly ${name}: WordArgument`).join('; ')} }`
  return `  readonly '${id}': ${type}`
}

/** Walks over everything in a pattern that can name a variable. */
function collect(node, found) {
  if (Array.isArray(node)) for (const part of node) collect(part, found)
  if (typeof node !== 'object' || node === null) return
  if (node.type === 'var') found.add(node.name)
  if (node.type === 'narg') collect(node.value, found)
  if (node.type === 'select') {
    collect(node.selector, found)
    for (const variant of node.variants) collect(variant.value, found)
  }
  if (node.type === 'func') collect(node.args, found)
}
