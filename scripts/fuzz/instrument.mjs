// An esbuild plugin that makes the sources of `core` and `electron` count what runs: a counter for each block, and steps
// that loops and functions take from a budget, so that an input that would run for ever is stopped by an exception. It
// only inserts text on the lines that are there, so that stack traces still tell the right ones.
import { createRequire } from 'node:module'
import { readFile } from 'node:fs/promises'
import { relative } from 'node:path'
import { parseSync } from 'vite'

const require = createRequire(import.meta.url)
const SOURCES =
  /[\\/](?:core|electron)[\\/].*\.ts$|[\\/]node_modules[\\/](?:valibot|dns-packet)[\\/].*\.[cm]?js$/
const PROBE = '__alliumFuzz'
/** Blocks of code in all sources, with room to grow; more than these count as one. */
const MOST_COUNTERS = 65_536

/** Stands at the top of each bundle: before any of our modules, which all begin by looking for it. */
export const PROBE_BANNER = `import { createRequire } from 'node:module';
const require = createRequire(import.meta.url);
globalThis.${PROBE} ??= {
  counters: new Uint8Array(${MOST_COUNTERS}),
  steps: new Int32Array([0x7fffffff]),
  over() {
    this.steps[0] = 0x7fffffff;
    throw new RangeError('fuzz: more steps than any input of this length may take');
  },
};`

/** `modules` is filled with what each module has: its counters, and the words and numbers in its code. */
export function instrument(modules) {
  let next = 0
  return {
    name: 'fuzz-instrument',
    setup(build) {
      // Schemas are most of what the app's readers are made of: what a schema does guides as well.
      build.onResolve({ filter: /^(?:valibot|dns-packet)$/ }, ({ path }) => ({ path: require.resolve(path) }))
      build.onLoad({ filter: SOURCES }, async ({ path }) => {
        const text = await readFile(path, 'utf8')
        const first = next
        const editor = new Editor()
        const literals = new Set()
        const mark = () => {
          const id = Math.min(next, MOST_COUNTERS - 1)
          next++
          return `$c[${id}]++`
        }
        walk(parseSync(path, text, { lang: path.endsWith('.ts') ? 'ts' : 'js' }).program, (node) =>
          visit(node, editor, mark, literals),
        )
        modules.push({ file: relative('.', path), first, end: next, literals: [...literals] })
        const isTyped = path.endsWith('.ts')
        const contents = `const $f=globalThis.${PROBE},$c=$f.counters,$s=$f.steps;${editor.apply(text)}`
        return { contents, loader: isTyped ? 'ts' : 'js' }
      })
    },
  }
}

/** Insertions by place: where several meet, what closes comes before what opens, and inner before outer. */
class Editor {
  #opening = new Map()
  #closing = new Map()

  open(at, text) {
    this.#opening.set(at, (this.#opening.get(at) ?? '') + text)
  }

  close(at, text) {
    this.#closing.set(at, text + (this.#closing.get(at) ?? ''))
  }

  apply(text) {
    const places = [...new Set([...this.#opening.keys(), ...this.#closing.keys()])].sort((a, b) => a - b)
    let result = ''
    let from = 0
    for (const at of places) {
      result += text.slice(from, at) + (this.#closing.get(at) ?? '') + (this.#opening.get(at) ?? '')
      from = at
    }
    return result + text.slice(from)
  }
}

function walk(node, onNode) {
  if (Array.isArray(node)) {
    for (const child of node) walk(child, onNode)
  } else if (typeof node === 'object' && node !== null && typeof node.type === 'string') {
    onNode(node)
    for (const [key, child] of Object.entries(node)) if (key !== 'parent') walk(child, onNode)
  }
}

const STEP = ';if(--$s[0]<0)$f.over();'
const LOOPS = new Set([
  'ForStatement',
  'ForInStatement',
  'ForOfStatement',
  'WhileStatement',
  'DoWhileStatement',
])
const FUNCTIONS = new Set(['FunctionDeclaration', 'FunctionExpression', 'ArrowFunctionExpression'])

function visit(node, editor, mark, literals) {
  const enter = (block, code) => {
    if (block.type === 'BlockStatement') editor.open(block.start + 1, code)
    else {
      editor.open(block.start, `{${code}`)
      editor.close(block.end, '}')
    }
  }
  const wrap = (expression) => {
    editor.open(expression.start, `(${mark()},`)
    editor.close(expression.end, ')')
  }
  if (FUNCTIONS.has(node.type) && node.body !== null) {
    if (node.body.type === 'BlockStatement') enter(node.body, `${mark()}${STEP}`)
    else wrap(node.body)
  } else if (LOOPS.has(node.type)) {
    enter(node.body, `${mark()}${STEP}`)
  } else if (node.type === 'IfStatement') {
    // What is closed later stands before: the branch ends in front of its "else".
    if (node.alternate) enter(node.alternate, `${mark()};`)
    else editor.close(node.end, `else{${mark()}}`)
    enter(node.consequent, `${mark()};`)
  } else if (node.type === 'ConditionalExpression') {
    wrap(node.consequent)
    wrap(node.alternate)
  } else if (node.type === 'LogicalExpression') {
    wrap(node.right)
  } else if (node.type === 'SwitchCase') {
    const [statement] = node.consequent
    if (statement !== undefined) editor.open(statement.start, `${mark()};`)
  } else if (node.type === 'CatchClause') {
    enter(node.body, `${mark()};`)
  } else if (node.type === 'Literal') {
    noteLiteral(node.value, literals)
  }
}

/** Words of the format, as the code has them. */
function noteLiteral(value, literals) {
  if (typeof value === 'string' && value.length > 0 && value.length <= 40 && !value.startsWith('.'))
    literals.add(value)
  if (typeof value === 'number' && value > 16) literals.add(value)
}
