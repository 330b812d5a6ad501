/** Holds the app to its walls: what main may know of the core, what the page may know of main, where Electron is touched. */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, posix, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '../..')
const MAX_LINES = 400
/** A test that has lost sight of the sources would find nothing wrong with them. */
const FEWEST_MODULES = 20

interface Import {
  readonly from: string
  readonly specifier: string
  readonly isTypeOnly: boolean
}

/** `import type … from 'x'`, `import … from 'x'`, `export … from 'x'`, `import 'x'` and `import('x')`. */
const IMPORT =
  /(?:^|[\s;}])(import|export)(\s+type\b)?(?:[\s\w{},*$]*?\bfrom\b)?\s*\(?\s*['"]([^'"\n]+)['"]/gm

function parseImports(from: string, text: string): Import[] {
  const code = text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '')
  return [...code.matchAll(IMPORT)].map((match) => ({
    from,
    specifier: match[3] ?? '',
    isTypeOnly: match[2] !== undefined,
  }))
}

function read(folder: string): { path: string; text: string }[] {
  return readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name))
    .map((entry) => {
      const file = join(entry.parentPath, entry.name)
      return { path: relative(ROOT, file).split(sep).join('/'), text: readFileSync(file, 'utf8') }
    })
}

const electron = read('electron')
const renderer = read('renderer')
const modules = [...electron, ...renderer]

function targetOf({ from, specifier }: Import): string {
  return posix.normalize(posix.join(posix.dirname(from), specifier.replace(/\?.*$/, '')))
}

/** Main knows the core by its door alone, and nothing of the page but its words. */
function complaintOfMain(imported: Import): string | undefined {
  const { from, specifier } = imported
  if (!specifier.startsWith('.')) {
    const isPage = /^(?:react|react-dom|zustand)(?:\/|$)/.test(specifier)
    return isPage ? `${from} imports ${specifier}: that is the page's` : undefined
  }
  const target = targetOf(imported)
  if (target.startsWith('electron/') || target === 'core/index.ts') return undefined
  // The tray and the menu speak the page's language.
  if (from.startsWith('electron/words/') && target.startsWith('renderer/words/')) return undefined
  return `${from} imports ${target}: main sees core/index.ts and itself`
}

/** The contract is types and schemas; whatever it imports, the page's side sees too. */
function complaintOfContract(imported: Import): string | undefined {
  const isFine = imported.specifier === 'valibot' || targetOf(imported).startsWith('electron/ipc/')
  const isServer = imported.from === 'electron/ipc/serve.ts'
  return isFine || isServer ? undefined : `${imported.from} imports ${imported.specifier}`
}

/** The page runs in a sandbox: nothing of Node, of Electron or of the core, and of the contract its types. */
function complaintOfPage(imported: Import): string | undefined {
  const { from, specifier, isTypeOnly } = imported
  if (from === 'renderer/vite.config.ts') return undefined
  if (!specifier.startsWith('.')) {
    return /^(?:node:|electron$)/.test(specifier) ? `${from} imports ${specifier}` : undefined
  }
  const target = targetOf(imported)
  if (target.startsWith('renderer/')) return undefined
  if (target.startsWith('electron/ipc/') && isTypeOnly) return undefined
  return `${from} imports ${target}: the page sees types of electron/ipc alone`
}

function complaints(
  sources: readonly { path: string; text: string }[],
  complaint: (imported: Import) => string | undefined,
): string[] {
  return sources
    .flatMap(({ path, text }) => parseImports(path, text))
    .map(complaint)
    .filter((found) => found !== undefined)
}

describe('the architecture of the app', () => {
  it('is looked at: the sources are found', () => {
    expect(electron.length).toBeGreaterThanOrEqual(FEWEST_MODULES)
    expect(renderer.length).toBeGreaterThanOrEqual(FEWEST_MODULES)
  })

  it('main knows the core by its public door alone', () => {
    expect(complaints(electron, complaintOfMain)).toEqual([])
  })

  it('the contract knows nothing but itself', () => {
    const contract = electron.filter(({ path }) => path.startsWith('electron/ipc/'))
    expect(complaints(contract, complaintOfContract)).toEqual([])
  })

  it('the page knows types of the contract and nothing else of main', () => {
    expect(complaints(renderer, complaintOfPage)).toEqual([])
  })

  it('what decides is free of Electron, so that it is tested without a window', () => {
    const PURE =
      /^electron\/(?:connection|escalation|doctor|state|ipc|protection|logs|system-proxy|settings)\//
    const found = electron
      .filter(({ path }) => PURE.test(path))
      .flatMap(({ path, text }) => parseImports(path, text))
      .filter(({ specifier, isTypeOnly }) => specifier === 'electron' && !isTypeOnly)
    // The thin edge to the system's key store.
    expect(found.map(({ from }) => from)).toEqual(['electron/settings/safe-storage.ts'])
  })

  it('nothing is exported as default, and there is no index', () => {
    const bad = modules.filter(
      ({ path, text }) => /^export default/m.test(text) || /\/index\.tsx?$/.test(path),
    )
    expect(bad.map(({ path }) => path).filter((path) => path !== 'renderer/vite.config.ts')).toEqual([])
  })

  it(`no file has more than ${MAX_LINES} lines`, () => {
    const written = modules.filter(({ path }) => !path.endsWith('.gen.ts'))
    const long = written.filter(({ text }) => text.trimEnd().split('\n').length > MAX_LINES)
    expect(long.map(({ path }) => path)).toEqual([])
  })

  it('every file opens with a comment on its job', () => {
    const silent = modules.filter(({ text }) => !/^(?:#!.*\n)?(?:\/\*\*|\/\/)/.test(text))
    expect(silent.map(({ path }) => path)).toEqual([])
  })
})

describe('the reading of imports in the app', () => {
  it('tells types from values', () => {
    const text =
      "import type { A } from './a.ts'\nimport { B } from './b.ts'\nimport './c.css'\nimport('./d.ts')"
    expect(
      parseImports('renderer/x.ts', text).map(({ specifier, isTypeOnly }) => [specifier, isTypeOnly]),
    ).toEqual([
      ['./a.ts', true],
      ['./b.ts', false],
      ['./c.css', false],
      ['./d.ts', false],
    ])
  })

  it.each([
    ['electron/main.ts', '../core/client/tor-client.ts', complaintOfMain],
    ['electron/main.ts', '../renderer/App.tsx', complaintOfMain],
    ['electron/main.ts', 'react', complaintOfMain],
    ['electron/ipc/contract.ts', '../host/protocol.ts', complaintOfContract],
    ['renderer/App.tsx', '../core/index.ts', complaintOfPage],
    ['renderer/App.tsx', '../electron/ipc/contract.ts', complaintOfPage],
    ['renderer/App.tsx', 'node:fs', complaintOfPage],
    ['renderer/App.tsx', 'electron', complaintOfPage],
  ])('%s -> %s is refused', (from, specifier, complaint) => {
    expect(complaint({ from, specifier, isTypeOnly: false })).toBeTypeOf('string')
  })
})
