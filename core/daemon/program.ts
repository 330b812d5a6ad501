/** What the program does from its first argument to its exit code. Everything of the process is passed in. */
import { hashPassword } from '../crypto/hashed-password.ts'
import { systemRandom } from '../crypto/system-random.ts'
import type { ProcessTable } from '../persist/process-identity.ts'
import type { Clock } from '../util/clock.ts'
import { isTorError, toTorError } from '../util/errors.ts'
import { Logger } from '../util/log.ts'
import { type Command, type CommandLine, parseCommandLine, type Quietness } from './command-line.ts'
import { warningsOf } from './consistency.ts'
import { type CreateClient, Daemon } from './daemon.ts'
import { describeCrash } from './describe-crash.ts'
import { dumpConfig, SORTED_OPTIONS } from './dump-config.ts'
import { helpText } from './help.ts'
import { waitForProcessEnd } from './owning-process.ts'
import { type FileAccess, type LoadedSettings, defaultDataDirectory, loadSettings } from './load-settings.ts'
import { type Console, LogOutput, LogTime } from './log-output.ts'
import { defaultLogRules } from './options/log-rule.ts'
import { DEPRECATED_OPTIONS, OPTIONS } from './options/table.ts'
import { VERSION } from './version.ts'

export interface ProgramHost {
  readonly args: readonly string[]
  readonly console: Console
  readonly files: FileAccess
  readonly clock: Clock
  readonly createClient: CreateClient
  readonly processId: number
  readonly platform: string
  /** Whether other processes are there. */
  readonly processes: ProcessTable
  /** Calls back for each signal that does not end the program, from now on; one listener. */
  readonly onSignal: (listener: (signal: ProgramSignal) => void) => void
  /** Settles when the program is to end: with a signal's name, or with an error that nobody caught. */
  readonly ending: Promise<Ending>
}

/** Reload, state to the log, everything to the log. Windows has none of them. */
export type ProgramSignal = 'HUP' | 'USR1' | 'USR2'

export type Ending =
  | { readonly kind: 'signal'; readonly name: string }
  | { readonly kind: 'orphaned' }
  | { readonly kind: 'crash'; readonly error: unknown }

/** Runs until the end and returns the exit code: 0, or 1 after a line that says why. */
export async function runProgram(host: ProgramHost): Promise<0 | 1> {
  try {
    const line = parseCommandLine(host.args)
    if (line.command.kind !== 'run') {
      host.console.stdout(answerCommand(line.command, line, host))
      return 0
    }
    const loaded = loadSettings(line, host.files)
    const dataDirectory = defaultDataDirectory(host.files.env)
    const daemon = await Daemon.start(loaded, line.quietness, { ...host, dataDirectory })
    host.onSignal((signal) => obeySignal(signal, daemon, () => loadSettings(line, host.files)))
    return await runDaemon(host, daemon, loaded.settings.single(OPTIONS.owningControllerProcess))
  } catch (error) {
    // One line, where a terminal and a service manager both look, whatever the Log options say.
    const time = new LogTime().format(host.clock.wallMs())
    host.console.stderr(`${time} [err] ${toTorError(error).message}\n`)
    return 1
  }
}

/** The commands that start nothing. */
function answerCommand(
  command: Exclude<Command, { kind: 'run' }>,
  line: CommandLine,
  host: ProgramHost,
): string {
  switch (command.kind) {
    case 'version':
      return `Allium version ${VERSION}.\n`
    case 'help':
      return helpText()
    case 'verify-config':
      warnAbout(loadSettings(line, host.files), line.quietness, host)
      return 'Configuration was valid\n'
    case 'dump-config': {
      const { settings, defaults } = loadSettings(line, host.files)
      return dumpConfig(settings, defaults, command.extent)
    }
    case 'list-torrc-options':
      return SORTED_OPTIONS.map(({ name }) => `${name}\n`).join('')
    case 'list-deprecated-options':
      return DEPRECATED_OPTIONS.map((name) => `${name}\n`).join('')
    case 'hash-password':
      return `${hashPassword(command.password, systemRandom)}\n`
  }
}

/** What a start would warn of. To the console alone: it is no start, and no log file is to be opened for it. */
function warnAbout(
  { settings }: LoadedSettings,
  quietness: Quietness,
  { clock, console }: ProgramHost,
): void {
  const output = new LogOutput({
    rules: defaultLogRules(quietness),
    reveals: false,
    showsDomains: false,
    truncates: false,
    granularityMs: 1,
    clock,
    console,
  })
  const log = new Logger(output.sink, 'config')
  for (const warning of warningsOf(settings)) log.warn(warning)
  output.close()
}

function obeySignal(signal: ProgramSignal, daemon: Daemon, load: () => LoadedSettings): void {
  switch (signal) {
    case 'HUP':
      void daemon.reload(load)
      return
    case 'USR1':
      daemon.logStatus()
      return
    case 'USR2':
      daemon.logEverything()
      return
  }
}

async function runDaemon(host: ProgramHost, daemon: Daemon, owner: number | undefined): Promise<0 | 1> {
  const watching = new AbortController()
  const ending = Promise.race([host.ending, waitForOwnerEnd(host, owner, watching.signal)])
  const ended = ending.then((how) => {
    watching.abort()
    return endDaemon(daemon, how)
  })
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

/** Pending for ever without an owner. */
async function waitForOwnerEnd(
  { processes, clock }: ProgramHost,
  owner: number | undefined,
  signal: AbortSignal,
): Promise<Ending> {
  if (owner === undefined) return new Promise(() => {})
  try {
    await waitForProcessEnd(owner, processes, clock, signal)
    return { kind: 'orphaned' }
  } catch (error) {
    // Only the end itself stops the watch.
    if (signal.aborted) return new Promise(() => {})
    throw error
  }
}

async function endDaemon(daemon: Daemon, ending: Ending): Promise<0 | 1> {
  switch (ending.kind) {
    case 'signal':
      daemon.log.notice(`Catching signal ${ending.name}, exiting cleanly.`)
      await daemon.close()
      return 0
    case 'orphaned':
      daemon.log.notice('Owning controller process has vanished; exiting now.')
      await daemon.close()
      return 0
    case 'crash':
      daemon.log.err('Bug: ', ...describeCrash(ending.error))
      await daemon.close()
      return 1
  }
}
