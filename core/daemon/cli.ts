#!/usr/bin/env node
/** The command line: binds the program to this process, its files and its signals. */
import { closeSync, fstatSync, openSync, readdirSync, readSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { TorClient } from '../client/tor-client.ts'
import { systemProcesses } from '../persist/process-identity.ts'
import { systemClock } from '../util/clock.ts'
import { createDeferred } from '../util/deferred.ts'
import { systemCodeOf, TorError } from '../util/errors.ts'
import type { FileAccess } from './load-settings.ts'
import type { Console } from './log-output.ts'
import { type Ending, type ProgramHost, type ProgramSignal, runProgram } from './program.ts'
import { tuneRuntime } from './runtime.ts'

/** What an orderly end may take; then the process ends as it is. */
const CLOSE_LIMIT_MS = 10_000
const STDIN = 0
/** Shells report a process that a signal ended as 128 and the signal's number; SIGINT is 2. */
const EXIT_BY_SIGNAL = 130

const processConsole: Console = {
  stdout: (text) => process.stdout.write(text),
  stderr: (text) => process.stderr.write(text),
}

/** What came by standard input: a reload cannot read it a second time. */
let stdinText: string | undefined

const NO_FOLDER: ReadonlySet<string> = new Set(['ENOENT', 'ENOTDIR'])

const processFiles: FileAccess = {
  env: process.env,
  read(path, limitBytes) {
    try {
      return readBounded(path, limitBytes)
    } catch (error) {
      if (systemCodeOf(error) === 'ENOENT') return undefined
      throw error
    }
  },
  list(path) {
    try {
      return readdirSync(path).map((name) => ({ name, isFolder: isFolder(join(path, name)) }))
    } catch (error) {
      if (NO_FOLDER.has(systemCodeOf(error) ?? '')) return undefined
      throw error
    }
  },
  readStdin(limitBytes) {
    stdinText ??= readAll(STDIN, limitBytes)
    return stdinText
  },
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false
}

function readBounded(path: string, limitBytes: number): string {
  const file = openSync(path, 'r')
  try {
    if (fstatSync(file).isDirectory()) throw new TorError('bad-config', 'it is a directory')
    return readAll(file, limitBytes)
  } finally {
    closeSync(file)
  }
}

function readAll(file: number, limitBytes: number): string {
  const chunks: Buffer[] = []
  let total = 0
  for (;;) {
    const chunk = Buffer.alloc(65_536)
    const length = readSync(file, chunk)
    if (length === 0) return Buffer.concat(chunks).toString('utf8')
    total += length
    if (total > limitBytes) throw new TorError('bad-config', `it is longer than ${limitBytes} bytes`)
    chunks.push(chunk.subarray(0, length))
  }
}

/** The first signal or uncaught error ends the program in good order, a second signal at once. */
function watchForEnd(): Promise<Ending> {
  const ending = createDeferred<Ending>()
  let isEnding = false
  const end = (how: Ending): void => {
    if (isEnding) {
      if (how.kind === 'signal') process.exit(EXIT_BY_SIGNAL)
      return
    }
    isEnding = true
    const timer = systemClock.setTimer(CLOSE_LIMIT_MS, () => process.exit(1))
    process.once('exit', () => timer.cancel())
    ending.resolve(how)
  }
  process.on('SIGTERM', () => end({ kind: 'signal', name: 'TERM' }))
  process.on('SIGINT', () => end({ kind: 'signal', name: 'INT' }))
  process.on('uncaughtException', (error) => end({ kind: 'crash', error }))
  process.on('unhandledRejection', (error) => end({ kind: 'crash', error }))
  return ending.promise
}

/** Signals that do not end the program; those from before anybody listens are forgotten. Windows has none of them. */
function watchSignals(): ProgramHost['onSignal'] {
  let listener: (signal: ProgramSignal) => void = () => {}
  if (process.platform !== 'win32') {
    process.on('SIGHUP', () => listener('HUP'))
    // Without a listener Node.js would open its debugger to every local program at this signal.
    process.on('SIGUSR1', () => listener('USR1'))
    process.on('SIGUSR2', () => listener('USR2'))
  }
  return (next) => {
    listener = next
  }
}

// A reader of our output that goes away (a pipe to `head`) is no reason to end.
process.stdout.on('error', () => {})
process.stderr.on('error', () => {})

tuneRuntime()
const code = await runProgram({
  args: process.argv.slice(2),
  console: processConsole,
  files: processFiles,
  clock: systemClock,
  createClient: (config, deps) => TorClient.create(config, deps),
  processId: process.pid,
  processes: systemProcesses,
  onSignal: watchSignals(),
  platform: `${process.platform} ${process.arch} with Node.js ${process.version}`,
  ending: watchForEnd(),
})
process.exit(code)
