/** Starts the core host as a utility process: the thin edge under the supervisor. */
import { MessageChannelMain, type UtilityProcess, utilityProcess } from 'electron'
import type { Port } from '../outside/port.ts'
import type { HostProcess } from './host-run.ts'
import { OUTSIDE_PORT } from './protocol.ts'

/** What the core can need of the surroundings; proxies, keys and debug switches of the user's shell are none of it. */
const KEPT_VARIABLES = [
  'HOME',
  'LANG',
  'LC_ALL',
  'PATH',
  'SystemRoot',
  'TEMP',
  'TMP',
  'TMPDIR',
  'TZ',
  'USERPROFILE',
  'windir',
]

/** A line of the host's own output; longer ones are cut, for nobody reads them. */
const MAX_LINE_CHARS = 2_000
/** In one piece of output; the host has a log, so that this is the words of a crash, or a flood. */
const MAX_LINES_AT_ONCE = 50

/** `onPort` is given our end of the host's port to the browser engine. */
export function forkHost(
  file: string,
  onOutput: (line: string) => void,
  onPort: (port: Port) => void,
): HostProcess {
  const child = utilityProcess.fork(file, [], {
    serviceName: 'allium core',
    stdio: 'pipe',
    env: keptEnvironment(process.env),
  })
  const { port1, port2 } = new MessageChannelMain()
  onPort(port1)
  // With its first word the host listens; before that a port might get lost.
  child.once('message', () => child.postMessage(OUTSIDE_PORT, [port2]))
  readLines(child.stdout, onOutput)
  readLines(child.stderr, onOutput)
  return {
    send: (message) => child.postMessage(message),
    onMessage: (listener) => child.on('message', (message: unknown) => listener(message)),
    onExit: (listener) => child.once('exit', (code) => listener(code)),
    kill: () => killNow(child),
  }
}

function keptEnvironment(from: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(
    KEPT_VARIABLES.flatMap((name) => {
      const value = from[name]
      return value === undefined ? [] : [[name, value]]
    }),
  )
}

/** `kill()` asks; a process that hangs does not hear it. */
function killNow(child: UtilityProcess): void {
  if (child.pid === undefined) {
    // Not born yet: it is met at the door.
    child.once('spawn', () => killNow(child))
    return
  }
  try {
    process.kill(child.pid, 'SIGKILL')
  } catch {
    // It is gone already.
  }
}

function readLines(stream: NodeJS.ReadableStream | null, onLine: (line: string) => void): void {
  if (stream === null) return
  let rest = ''
  stream.on('data', (chunk: Buffer) => {
    const lines = (rest + chunk.toString('utf8')).split('\n')
    rest = (lines.pop() ?? '').slice(0, MAX_LINE_CHARS)
    for (const line of lines.slice(0, MAX_LINES_AT_ONCE))
      if (line.trim() !== '') onLine(line.slice(0, MAX_LINE_CHARS))
  })
  stream.on('error', () => undefined)
}
