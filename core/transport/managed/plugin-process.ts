/**
 * A plugin's process: started without a shell and with nothing of our environment, ended with everything that it has
 * started itself. On Unix it has a process group of its own for that.
 */
import { type ChildProcess, type ChildProcessByStdio, spawn } from 'node:child_process'
import { resolve as absolutePath } from 'node:path'
import { Readable, type Writable } from 'node:stream'
import type { Clock, Timer } from '../../util/clock.ts'
import type { ExecPlugin } from './transport-plugin.ts'
import { codeOrName } from '../../util/errors.ts'

/** One that obeys the protocol ends when its standard input does; after so long it is told, and then it is killed. */
const GRACE_MS = 1_000
/** What its children may still write when it has ended. */
const OUTPUT_GRACE_MS = 500

export interface PluginProcessSink {
  onOutput(bytes: Buffer): void
  onErrorOutput(bytes: Buffer): void
  /** Comes once, when all has been read; nothing follows. */
  onEnd(how: string): void
}

export interface PluginProcess {
  /** Asks it to end and sees to it. Resolves when it has ended. */
  stop(): Promise<void>
  /** Reads nothing more: a program that writes without end cannot keep us busy, and ends when it writes on. */
  silence(): void
}

type Child = ChildProcessByStdio<Writable, Readable, Readable>

/** A program that cannot be started is one that ends, in the sink's words, too. */
export function startPluginProcess(
  { program, args }: Pick<ExecPlugin, 'program' | 'args'>,
  env: Readonly<Record<string, string>>,
  sink: PluginProcessSink,
  clock: Clock,
): PluginProcess {
  // Without a slash the system would look for it in PATH; C tor's option is a path.
  const child: ChildProcess = spawn(absolutePath(program), args, {
    env,
    stdio: ['pipe', 'pipe', 'pipe'],
    shell: false,
    detached: process.platform !== 'win32',
    windowsHide: true,
  })
  if (!hasStreams(child)) return neverStarted(child, sink)
  const ended = watchForEnd(child, sink, clock)
  child.stdout.on('data', (bytes: Buffer) => sink.onOutput(bytes))
  child.stderr.on('data', (bytes: Buffer) => sink.onErrorOutput(bytes))
  for (const stream of [child.stdin, child.stdout, child.stderr]) stream.on('error', () => {})
  const silence = (): void => {
    child.stdout.destroy()
    child.stderr.destroy()
  }
  return { stop: () => stop(child, ended, clock), silence }
}

/** Where this process has no descriptor left for a pipe, Node has a child without a stream, and its error comes later. */
function hasStreams(child: ChildProcess): child is Child {
  return child.stdout instanceof Readable
}

function neverStarted(child: ChildProcess, sink: PluginProcessSink): PluginProcess {
  const ended = new Promise<void>((resolve) => {
    child.once('error', (error) => {
      sink.onEnd(cannotStart(error))
      resolve()
    })
  })
  return { stop: () => ended, silence: () => {} }
}

function cannotStart(error: Error): string {
  return `cannot be started: ${codeOrName(error)}`
}

function watchForEnd(child: Child, sink: PluginProcessSink, clock: Clock): Promise<void> {
  // For an end of ours that leaves no time for anything else.
  const onOurExit = (): void => killGroup(child, 'SIGKILL')
  process.once('exit', onOurExit)
  return new Promise((resolve) => {
    let how: string | undefined
    let timer: Timer | undefined
    let isOver = false
    const finish = (words: string): void => {
      if (isOver) return
      isOver = true
      timer?.cancel()
      process.removeListener('exit', onOurExit)
      child.stdout.destroy()
      child.stderr.destroy()
      sink.onEnd(words)
      resolve()
    }
    child.once('error', (error) => {
      // It may also be about a signal that could not be sent, to one that runs.
      if (child.pid === undefined) finish(cannotStart(error))
    })
    child.once('exit', (code, signal) => {
      how = code === null ? `was ended by ${signal ?? 'a signal'}` : `ended by itself with code ${code}`
      killGroup(child, 'SIGKILL')
      const words = how
      timer = clock.setTimer(OUTPUT_GRACE_MS, () => finish(words))
    })
    child.once('close', () => {
      if (how !== undefined) finish(how)
    })
  })
}

async function stop(child: Child, ended: Promise<void>, clock: Clock): Promise<void> {
  child.stdin.end()
  const timers = [
    clock.setTimer(GRACE_MS, () => killGroup(child, 'SIGTERM')),
    clock.setTimer(2 * GRACE_MS, () => killGroup(child, 'SIGKILL')),
  ]
  await ended
  for (const timer of timers) timer.cancel()
}

function killGroup({ pid }: Child, signal: NodeJS.Signals): void {
  if (pid === undefined) return
  try {
    process.kill(process.platform === 'win32' ? pid : -pid, signal)
  } catch {
    // Nobody of it is left.
  }
}
