/**
 * The program under test as a user runs it: its built command line with a torrc, in a data directory of its own.
 * `INTEROP_PROGRAM=tor` puts C tor's own client in its place, which proves the harness rather than the product.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve as resolvePath } from 'node:path'
import { findFreePorts } from './free-ports.ts'
import { isAlive, readRssMegabytes } from './process-stats.ts'
import { waitFor, within } from './waiting.ts'

export type ProgramName = 'allium' | 'tor'
/** A program and its first arguments. */
export type Command = readonly [string, ...string[]]

/** How a program is called; both take C tor's options. */
export function commandOf(name: ProgramName): Command {
  if (name === 'tor') return ['tor', '--defaults-torrc', '/nonexistent']
  // As `npm run tor` does.
  return [process.execPath, '--v8-pool-size=1', '--min-semi-space-size=4', resolvePath('dist/cli.js')]
}

/** The program that the interop tests are about. */
export const PROGRAM: ProgramName = process.env['INTEROP_PROGRAM'] === 'tor' ? 'tor' : 'allium'

export interface Exit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

const CONNECTED = /Bootstrapped 100%/
const BOOTSTRAP_LIMIT_MS = 60_000
const EXIT_LIMIT_MS = 15_000

/** A directory for a client, removed by `remove`; it outlives the client's process, so that a second can start warm. */
export interface ClientHome {
  readonly directory: string
  readonly torrc: string
  readonly socksPort: number
  readonly httpPort: number
  remove(): void
}

/** Makes a home whose torrc has a SOCKS port, an HTTP tunnel port and `lines`. */
export async function createClientHome(lines: readonly string[]): Promise<ClientHome> {
  const [socksPort = 0, httpPort = 0] = await findFreePorts(2)
  const home = mkdtempSync(join(tmpdir(), 'allium-client-'))
  const torrc = join(home, 'torrc')
  const directory = join(home, 'data')
  const own = [
    `DataDirectory ${directory}`,
    `SocksPort 127.0.0.1:${socksPort}`,
    `HTTPTunnelPort 127.0.0.1:${httpPort}`,
    'Log notice stdout',
  ]
  writeFileSync(torrc, `${[...own, ...lines].join('\n')}\n`)
  return {
    directory,
    torrc,
    socksPort,
    httpPort,
    remove: () => rmSync(home, { recursive: true, force: true }),
  }
}

const running = new Set<ChildProcess>()
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})
// A test process that is stopped from outside takes its clients along.
process.once('SIGTERM', () => process.exit(143))

/** A started program; its output is kept. */
export class ClientProcess {
  readonly home: ClientHome
  readonly startedAtMs = performance.now()
  readonly exited: Promise<Exit>
  readonly #child: ChildProcess
  #output = ''
  #connectedAtMs: number | undefined

  constructor(
    home: ClientHome,
    program: ProgramName | Command = PROGRAM,
    args: readonly string[] = [],
    env: Readonly<Record<string, string>> = {},
  ) {
    this.home = home
    const [file, ...first] = typeof program === 'string' ? commandOf(program) : program
    this.#child = spawn(file, [...first, '-f', home.torrc, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...env },
    })
    running.add(this.#child)
    const keep = (chunk: Buffer): void => {
      this.#output += chunk.toString('utf8')
      if (this.#connectedAtMs === undefined && CONNECTED.test(this.#output))
        this.#connectedAtMs = performance.now()
    }
    this.#child.stdout?.on('data', keep)
    this.#child.stderr?.on('data', keep)
    this.exited = new Promise((resolve, reject) => {
      this.#child.once('error', reject)
      this.#child.once('close', (code, signal) => {
        running.delete(this.#child)
        resolve({ code, signal })
      })
    })
  }

  get pid(): number {
    const { pid } = this.#child
    if (pid === undefined) throw new Error('the program did not start')
    return pid
  }

  get socksPort(): number {
    return this.home.socksPort
  }

  get httpPort(): number {
    return this.home.httpPort
  }

  /** Standard output and error so far. */
  get log(): string {
    return this.#output
  }

  get rssMegabytes(): number {
    return readRssMegabytes(this.pid)
  }

  /** Waits for text in the output; the error shows the output when it never comes. */
  async waitForLog(pattern: RegExp, limitMs: number): Promise<void> {
    await waitFor(
      `${pattern} in the output`,
      limitMs,
      () => {
        if (pattern.test(this.#output)) return true
        if (!isAlive(this.pid)) throw new Error(`the program ended early:\n${this.#output}`)
        return undefined
      },
      10,
    ).catch((error: unknown) => {
      throw new Error(`${String(error)}\n${this.#output}`)
    })
  }

  /** Waits until the client says that it is connected; gives the milliseconds since its start. */
  async bootstrapped(limitMs: number = BOOTSTRAP_LIMIT_MS): Promise<number> {
    await this.waitForLog(CONNECTED, limitMs)
    return (this.#connectedAtMs ?? performance.now()) - this.startedAtMs
  }

  /** Sends the signal and waits for the end. */
  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<Exit> {
    this.#child.kill(signal)
    return within(`the end after ${signal}`, EXIT_LIMIT_MS, this.exited).finally(() =>
      this.#child.kill('SIGKILL'),
    )
  }
}

/** Starts a client in a fresh home on the network of `lines` and waits until it is connected. */
export async function startClient(
  lines: readonly string[],
  program: ProgramName = PROGRAM,
): Promise<ClientProcess> {
  const client = new ClientProcess(await createClientHome(lines), program)
  await client.bootstrapped()
  return client
}
