/** What the program does from its first argument to its exit code. Everything of the process is passed in. */
import type { Clock } from '../util/clock.ts'
import { isTorError, toTorError } from '../util/errors.ts'
import { HELP_TEXT, parseCommandLine } from './command-line.ts'
import { type CreateClient, Daemon } from './daemon.ts'
import { type FileAccess, defaultDataDirectory, loadSettings } from './load-settings.ts'
import { type Console, LogTime } from './log-output.ts'
import { VERSION } from './version.ts'

export interface ProgramHost {
  readonly args: readonly string[]
  readonly console: Console
  readonly files: FileAccess
  readonly clock: Clock
  readonly createClient: CreateClient
  readonly processId: number
  readonly platform: string
  /** Settles when the program is to end: with a signal's name, or with an error that nobody caught. */
  readonly ending: Promise<Ending>
}

export type Ending =
  | { readonly kind: 'signal'; readonly name: string }
  | { readonly kind: 'crash'; readonly error: unknown }

/** Runs until the end and returns the exit code: 0, or 1 after a line that says why. */
export async function runProgram(host: ProgramHost): Promise<0 | 1> {
  try {
    const line = parseCommandLine(host.args)
    switch (line.command) {
      case 'version':
        host.console.stdout(`Allium version ${VERSION}.\n`)
        return 0
      case 'help':
        host.console.stdout(HELP_TEXT)
        return 0
      case 'verify-config':
        loadSettings(line, host.files)
        host.console.stdout('Configuration was valid\n')
        return 0
      case 'run':
        break
    }
    const loaded = loadSettings(line, host.files)
    const dataDirectory = defaultDataDirectory(host.files.env)
    return await runDaemon(host, await Daemon.start(loaded, line.quietness, { ...host, dataDirectory }))
  } catch (error) {
    // One line, where a terminal and a service manager both look, whatever the Log options say.
    const time = new LogTime().format(host.clock.wallMs())
    host.console.stderr(`${time} [err] ${toTorError(error).message}\n`)
    return 1
  }
}

async function runDaemon(host: ProgramHost, daemon: Daemon): Promise<0 | 1> {
  const ended = host.ending.then((ending) => endDaemon(daemon, ending))
  const failed = daemon.bootstrap().then(
    () => ended,
    async (error: unknown) => {
      // Closing is what an end does to a bootstrap under way; the end has its own exit code.
      if (isTorError(error, 'closed')) return ended
      daemon.log.err('Cannot bootstrap: ', toTorError(error).message)
      await daemon.close()
      return 1
    },
  )
  return Promise.race([ended, failed])
}

async function endDaemon(daemon: Daemon, ending: Ending): Promise<0 | 1> {
  switch (ending.kind) {
    case 'signal':
      daemon.log.notice(`Catching signal ${ending.name}, exiting cleanly.`)
      await daemon.close()
      return 0
    case 'crash': {
      const { error } = ending
      daemon.log.err('Bug: ', error instanceof Error ? (error.stack ?? error.message) : String(error))
      await daemon.close()
      return 1
    }
  }
}
