/**
 * The one way to other programs: the systems' own tools, found in directories that only an administrator can write to,
 * run without a shell, with a bounded time and a bounded output.
 */
import { execFile } from 'node:child_process'
import { constants } from 'node:fs'
import { access } from 'node:fs/promises'
import { posix, win32 } from 'node:path'
import { AppError } from '../app-error.ts'

export interface CommandResult {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

export interface CommandRunner {
  has(tool: string): Promise<boolean>
  /** Rejects with an AppError where the tool is missing, hangs or never stops talking; an exit code is a result. */
  run(tool: string, args: readonly string[]): Promise<CommandResult>
}

/** Adding a type in PowerShell runs a compiler, which takes seconds on an old computer; the others take milliseconds. */
const TOOL_TIMEOUT_MS = 15_000
/** Far more than any list of exceptions that a person keeps. */
const MAX_OUTPUT_BYTES = 1_000_000

/** Never the PATH of our environment, in which anybody's folder can stand first. The last two are NixOS' and Guix'. */
const UNIX_DIRECTORIES = [
  '/usr/bin',
  '/bin',
  '/usr/sbin',
  '/sbin',
  '/run/current-system/sw/bin',
  '/run/current-system/profile/bin',
]

/**
 * What the tools need to find the session's settings. Everything else stays behind: an AppImage's LD_LIBRARY_PATH
 * breaks the system's own tools, and nothing should load what we were told to load.
 */
const PASSED_ON = [
  'HOME',
  'USER',
  'LOGNAME',
  'XDG_CONFIG_HOME',
  'XDG_CONFIG_DIRS',
  'XDG_DATA_DIRS',
  'XDG_RUNTIME_DIR',
  'XDG_CURRENT_DESKTOP',
  'DBUS_SESSION_BUS_ADDRESS',
  'DCONF_PROFILE',
  'KDE_SESSION_VERSION',
  // NixOS: where dconf's module lies.
  'GIO_EXTRA_MODULES',
  // Windows: without these neither reg.exe nor PowerShell starts.
  'SystemRoot',
  'SystemDrive',
  'TEMP',
  'USERPROFILE',
  'LOCALAPPDATA',
  'APPDATA',
] as const

export interface RunnerSurroundings {
  readonly platform: NodeJS.Platform
  readonly env: NodeJS.ProcessEnv
}

function windowsDirectory(env: NodeJS.ProcessEnv): string {
  const root = env['SystemRoot'] ?? ''
  return /^[A-Za-z]:\\[A-Za-z0-9_ -]+$/.test(root) ? root : 'C:\\Windows'
}

/** Where a tool may lie, the most trusted first. */
export function toolPaths(tool: string, surroundings: RunnerSurroundings): readonly string[] {
  if (!/^[a-z0-9]+(?:-[a-z0-9]+)*$/.test(tool)) return []
  if (surroundings.platform !== 'win32') return UNIX_DIRECTORIES.map((folder) => posix.join(folder, tool))
  const system = win32.join(windowsDirectory(surroundings.env), 'System32')
  if (tool === 'powershell') return [win32.join(system, 'WindowsPowerShell', 'v1.0', 'powershell.exe')]
  return [win32.join(system, `${tool}.exe`)]
}

/** The environment that tools run in: English messages, UTF-8, the session's addresses. */
export function toolEnvironment(surroundings: RunnerSurroundings): Record<string, string> {
  const environment: Record<string, string> = {}
  for (const name of PASSED_ON) {
    const value = surroundings.env[name]
    if (value !== undefined) environment[name] = value
  }
  if (surroundings.platform === 'win32') return environment
  return { ...environment, LC_ALL: 'C.UTF-8', PATH: UNIX_DIRECTORIES.join(':') }
}

async function isExecutable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

export class SystemCommandRunner implements CommandRunner {
  readonly #surroundings: RunnerSurroundings
  readonly #timeoutMs: number
  readonly #environment: Record<string, string>

  constructor(surroundings: RunnerSurroundings, timeoutMs = TOOL_TIMEOUT_MS) {
    this.#surroundings = surroundings
    this.#timeoutMs = timeoutMs
    this.#environment = toolEnvironment(surroundings)
  }

  async has(tool: string): Promise<boolean> {
    return (await this.#find(tool)) !== undefined
  }

  async run(tool: string, args: readonly string[]): Promise<CommandResult> {
    const path = await this.#find(tool)
    if (path === undefined) throw new AppError('proxy-tool-missing', `${tool} is not installed`)
    return this.#execute(tool, path, args)
  }

  async #find(tool: string): Promise<string | undefined> {
    for (const path of toolPaths(tool, this.#surroundings)) if (await isExecutable(path)) return path
    return undefined
  }

  #execute(tool: string, path: string, args: readonly string[]): Promise<CommandResult> {
    return new Promise((resolve, reject) => {
      const options = {
        cwd: this.#surroundings.platform === 'win32' ? windowsDirectory(this.#surroundings.env) : '/',
        env: this.#environment,
        encoding: 'utf8',
        killSignal: 'SIGKILL',
        maxBuffer: MAX_OUTPUT_BYTES,
        shell: false,
        timeout: this.#timeoutMs,
        windowsHide: true,
      } as const
      const child = execFile(path, [...args], options, (error, stdout, stderr) => {
        if (error === null) resolve({ code: 0, stdout, stderr })
        else if (typeof error.code === 'number') resolve({ code: error.code, stdout, stderr })
        else reject(toAppError(tool, error))
      })
      // Nobody answers questions.
      child.stdin?.end()
    })
  }
}

function toAppError(tool: string, error: Error & { code?: unknown; killed?: boolean }): AppError {
  if (error.code === 'ENOENT') return new AppError('proxy-tool-missing', `${tool} is not installed`)
  if (error.code === 'EACCES') return new AppError('proxy-denied', `${tool} may not be run`)
  if (error.code === 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER') {
    return new AppError('proxy-unreadable', `${tool} said more than ${MAX_OUTPUT_BYTES} bytes`)
  }
  if (error.killed === true) return new AppError('proxy-tool-timeout', `${tool} did not end in time`)
  return new AppError('proxy-tool-failed', `${tool} ended by a signal`)
}

/** Messages of all tools that mean: not with your rights. */
const DENIED = /admin(?:istrator)? privileges|permission denied|access is denied|not writable|not authorized/i
/** A tool's complaint goes to the log; it is a line or two. */
const MAX_COMPLAINT_CHARACTERS = 300

/** Runs a tool that must succeed; its complaint, in one line, becomes the error's text. */
export async function runChecked(
  runner: CommandRunner,
  tool: string,
  args: readonly string[],
): Promise<string> {
  const { code, stdout, stderr } = await runner.run(tool, args)
  if (code === 0) return stdout
  const said = `${stderr.trim()} ${stdout.trim()}`.trim().replace(/\s+/g, ' ')
  const kind = DENIED.test(said) ? 'proxy-denied' : 'proxy-tool-failed'
  throw new AppError(kind, `${tool} ended with ${code}: ${said.slice(0, MAX_COMPLAINT_CHARACTERS)}`)
}
