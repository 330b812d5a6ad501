// A Vitest reporter that ends a run in which nothing has happened for longer than any test or hook may take, and says
// what ran when it stopped. Vitest bounds tests, but not what it does between them (loading a file, telling the main
// process of its results), nor a test that blocks its process.
import { readdirSync, readFileSync } from 'node:fs'

/** What `timeout` ends with, so that whoever started the run need not tell the two apart. */
const STOOD_STILL = 124
const CHECK_EVERY_MS = 5000
const LIMIT_MS = Number(process.env.ALLIUM_STANDSTILL_SECONDS || 300) * 1000

/** Vitest loads reporters by their default export. */
export default class StandstillReporter {
  #lastNews = Date.now()
  #timer
  /** Files and tests that have begun and not ended. */
  #open = new Map()

  onTestRunStart() {
    this.#lastNews = Date.now()
    this.#timer = setInterval(() => this.#check(), CHECK_EVERY_MS)
  }

  onTestRunEnd() {
    clearInterval(this.#timer)
  }

  onTestModuleQueued({ id, relativeModuleId }) {
    this.#begin(id, `${relativeModuleId}: loading`)
  }

  onTestModuleStart({ id, relativeModuleId }) {
    this.#begin(id, `${relativeModuleId}: running`)
  }

  onTestModuleEnd({ id }) {
    this.#end(id)
  }

  onTestCaseReady({ id, fullName }) {
    this.#begin(id, fullName)
  }

  onTestCaseResult({ id }) {
    this.#end(id)
  }

  onHookStart({ name, entity }) {
    this.#begin(`${entity.id} ${name}`, `${name} of ${entity.fullName ?? entity.relativeModuleId}`)
  }

  onHookEnd({ name, entity }) {
    this.#end(`${entity.id} ${name}`)
  }

  #begin(id, text) {
    this.#lastNews = Date.now()
    this.#open.set(id, text)
  }

  #end(id) {
    this.#lastNews = Date.now()
    this.#open.delete(id)
  }

  #check() {
    if (Date.now() - this.#lastNews < LIMIT_MS) return
    const open = [...this.#open.values()].map((text) => `  ${text}`)
    const workers = childrenOf(process.pid)
    console.error(`Nothing has happened for ${LIMIT_MS / 1000} seconds. What has begun and not ended:`)
    console.error(open.join('\n') || '  nothing: between two files')
    for (const worker of workers) console.error(describe(worker))
    for (const worker of workers) process.kill(worker, 'SIGKILL')
    process.exit(STOOD_STILL)
  }
}

function childrenOf(parent) {
  return numbersIn('/proc').filter((pid) => statOf(pid)?.parent === parent)
}

/** What a worker waits for: asleep in epoll it waits for news, elsewhere for a child or a file. */
function describe(pid) {
  const children = childrenOf(pid).map((child) => read(`/proc/${child}/cmdline`).replaceAll('\0', ' ').trim())
  const at = `${statOf(pid)?.state ?? '?'} in ${read(`/proc/${pid}/wchan`) || '?'}`
  return [`worker ${pid} (${at}) has ${children.length} children`, ...children].join('\n  ')
}

function statOf(pid) {
  // "pid (name) state parent …", where the name may hold anything.
  const [state, parent] = read(`/proc/${pid}/stat`).split(') ').at(-1)?.split(' ') ?? []
  return state ? { state, parent: Number(parent) } : undefined
}

function numbersIn(folder) {
  try {
    return readdirSync(folder).map(Number).filter(Number.isInteger)
  } catch {
    return []
  }
}

function read(file) {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}
