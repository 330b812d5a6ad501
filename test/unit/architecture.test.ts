/** Reads every import in `core/` and holds it against the order of the layers. */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, posix, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '../..')

/** From the bottom up. Folders on one level know nothing of one another. */
const LEVELS: readonly (readonly string[])[] = [
  ['util'],
  ['crypto', 'persist'],
  ['linkspec'],
  ['cell', 'netdoc'],
  ['netdir'],
  ['transport'],
  ['channel', 'guard', 'circumvention'],
  ['circuit'],
  ['conflux'],
  ['stream'],
  ['path'],
  ['circuit-manager'],
  ['directory'],
  ['onion-service'],
  ['client'],
  ['proxy', 'control'],
  ['daemon'],
]

/** A test that has lost sight of the sources would find nothing wrong with them. */
const FEWEST_MODULES = 40
const FEWEST_IMPORTS = 100
const MAX_LINES = 400
const DOOR = 'core/index.ts'
const FOREIGN = ['electron', 'react', 'react-dom', 'zustand']

interface ImportedFile {
  readonly from: string
  readonly specifier: string
}

interface Module {
  /** From the root, with slashes. */
  readonly path: string
  readonly text: string
  readonly imports: readonly ImportedFile[]
}

/** `import … from 'x'`, `export … from 'x'`, `import 'x'`, `import('x')` and `require('x')`. */
const IMPORT = /(?:^|[\s;}])(?:from|import)\s*\(?\s*['"]([^'"\n]+)['"]|\brequire\s*\(\s*['"]([^'"\n]+)['"]/gm

function parseImports(path: string, text: string): ImportedFile[] {
  const code = text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '')
  return [...code.matchAll(IMPORT)].map((match) => ({ from: path, specifier: match[1] ?? match[2] ?? '' }))
}

function readModules(): Module[] {
  return readdirSync(join(ROOT, 'core'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => {
      const file = join(entry.parentPath, entry.name)
      const path = relative(ROOT, file).split(sep).join('/')
      const text = readFileSync(file, 'utf8')
      return { path, text, imports: parseImports(path, text) }
    })
}

/** The path from the root that a relative import leads to. */
function targetOf({ from, specifier }: ImportedFile): string {
  return posix.normalize(posix.join(posix.dirname(from), specifier))
}

function folderOf(path: string): string {
  return path.split('/')[1] ?? ''
}

function levelOf(path: string): number {
  if (path === DOOR) return LEVELS.length
  return LEVELS.findIndex((level) => level.includes(folderOf(path)))
}

/** What is wrong with one import, or nothing. */
function complaint(imported: ImportedFile): string | undefined {
  const { from, specifier } = imported
  if (!specifier.startsWith('.')) {
    const name = specifier.split('/')[0] ?? ''
    return FOREIGN.includes(name) ? `${from} imports ${specifier}: the core knows no window` : undefined
  }
  const target = targetOf(imported)
  if (!target.startsWith('core/')) return `${from} imports ${target}, outside the core`
  if (!target.endsWith('.ts') && !target.endsWith('.json')) return `${from} imports ${specifier} without .ts`
  if (target !== DOOR && levelOf(target) < 0) return `${from} imports ${target}, which is in no layer`
  const isSameFolder = folderOf(from) === folderOf(target) && from !== DOOR
  if (isSameFolder || levelOf(from) > levelOf(target)) return undefined
  return `${from} imports ${target}: the arrow points the wrong way`
}

const modules = readModules()
const imports = modules.flatMap((module) => module.imports)

describe('the architecture', () => {
  it('is looked at: the sources and their imports are found', () => {
    expect(modules.length).toBeGreaterThanOrEqual(FEWEST_MODULES)
    expect(imports.length).toBeGreaterThanOrEqual(FEWEST_IMPORTS)
    expect(modules.filter((module) => levelOf(module.path) < LEVELS.length).length).toBeGreaterThan(0)
  })

  it('every module lies in a folder of the stack', () => {
    expect(modules.filter((module) => levelOf(module.path) < 0).map((module) => module.path)).toEqual([])
  })

  it('every import points down the stack', () => {
    expect(imports.map(complaint).filter((found) => found !== undefined)).toEqual([])
  })

  it('the public door is the only index', () => {
    const indexes = modules.filter((module) => posix.basename(module.path) === 'index.ts')
    expect(indexes.map((module) => module.path).filter((path) => path !== DOOR)).toEqual([])
  })

  it('only the public door passes on whole modules', () => {
    const barrels = modules.filter((module) => module.path !== DOOR && /^export \*/m.test(module.text))
    expect(barrels.map((module) => module.path)).toEqual([])
  })

  it('nothing is exported as default', () => {
    const defaults = modules.filter((module) =>
      /^export default|^export \{[^}]*\bas default\b/m.test(module.text),
    )
    expect(defaults.map((module) => module.path)).toEqual([])
  })

  it(`no file has more than ${MAX_LINES} lines`, () => {
    const long = modules.filter((module) => module.text.trimEnd().split('\n').length > MAX_LINES)
    expect(long.map((module) => module.path)).toEqual([])
  })

  it('every file opens with a comment on its job', () => {
    const silent = modules.filter((module) => !/^(?:#!.*\n)?(?:\/\*\*|\/\/)/.test(module.text))
    expect(silent.map((module) => module.path)).toEqual([])
  })
})

describe('the reading of imports', () => {
  it('sees every form of import', () => {
    const text = [
      "import { a } from './a.ts'",
      "import type { b } from './b.ts'",
      "import './c.ts'",
      'import {',
      '  d,',
      "} from './d.ts'",
      "export { e } from './e.ts'",
      "export * from './f.ts'",
      "const g = await import('./g.ts')",
      "const h = require('./h.cjs')",
      "type I = import('./i.ts').I",
      "// import './comment.ts'",
      "/** import './comment.ts' */",
    ].join('\n')
    const found = parseImports('core/cell/x.ts', text).map((imported) => imported.specifier)
    expect(found).toEqual(
      ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i'].map((n) => `./${n}.${n === 'h' ? 'cjs' : 'ts'}`),
    )
  })

  it.each([
    ['core/cell/x.ts', '../circuit/y.ts', 'an upward arrow'],
    ['core/cell/x.ts', '../netdoc/y.ts', 'a neighbour on the same level'],
    ['core/util/x.ts', '../crypto/y.ts', 'an import out of util'],
    ['core/client/x.ts', '../index.ts', 'an import of the public door'],
    ['core/client/x.ts', '../nowhere/y.ts', 'an unknown folder'],
    ['core/daemon/x.ts', '../../electron/y.ts', 'an import of the application'],
    ['core/daemon/x.ts', '../../test/y.ts', 'an import of a test'],
    ['core/daemon/x.ts', 'electron', 'an import of electron'],
    ['core/daemon/x.ts', 'react-dom/client', 'an import of react'],
    ['core/cell/x.ts', './y', 'an import without its ending'],
  ])('%s -> %s is %s, and is refused', (from, specifier) => {
    expect(complaint({ from, specifier })).toBeTypeOf('string')
  })

  it.each([
    ['core/cell/x.ts', './y.ts'],
    ['core/cell/x.ts', '../linkspec/y.ts'],
    ['core/crypto/handshake/x.ts', '../hash.ts'],
    ['core/index.ts', './client/tor-client.ts'],
    ['core/directory/x.ts', '../netdir/authorities.json'],
    ['core/util/x.ts', 'node:net'],
  ])('%s -> %s is allowed', (from, specifier) => {
    expect(complaint({ from, specifier })).toBeUndefined()
  })
})
