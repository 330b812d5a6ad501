/** Starts the built app: steered through Playwright, or bare, with no debugger's port beside it. */
import { spawn, type ChildProcess } from 'node:child_process'
import { join } from 'node:path'
import { _electron, type ElectronApplication, type Page } from 'playwright-core'
import { inject } from 'vitest'
import type {
  CommandArgument,
  CommandName,
  CommandOutcome,
  CommandResult,
  Versioned,
} from '../../../electron/ipc/contract.ts'
import type { AppSnapshot } from '../../../electron/ipc/snapshot.ts'
import { waitFor } from '../../interop/support/waiting.ts'
import type { AppHome } from './app-home.ts'
import { processTree } from './process-tree.ts'

const APP = join(import.meta.dirname, '../../../out/app')
const LAUNCH_LIMIT_MS = 60_000

export interface RunningApp {
  readonly electron: ElectronApplication
  readonly page: Page
  readonly pid: number
  /** Through the page's own bridge, as the page does it. */
  invoke<Name extends CommandName>(
    name: Name,
    argument?: CommandArgument<Name>,
  ): Promise<CommandOutcome<CommandResult<Name>>>
  snapshot(): Promise<AppSnapshot>
  /** The first snapshot that `accept` takes. */
  waitForSnapshot(
    what: string,
    accept: (snapshot: AppSnapshot) => boolean,
    limitMs?: number,
  ): Promise<AppSnapshot>
  /** In good order; ends what is left of it by force. */
  close(): Promise<void>
}

/** Arguments that every start has: root may not use the sandbox, and a virtual screen has no graphics card. */
function startArguments(): string[] {
  return [...(process.getuid?.() === 0 ? ['--no-sandbox'] : []), '--disable-gpu']
}

function environment(home: AppHome, more: Readonly<Record<string, string>>): Record<string, string> {
  const { PATH = '' } = process.env
  return {
    PATH,
    DISPLAY: inject('display'),
    ALLIUM_RUNTIME_KIND: inject('electron').kind,
    ...home.env,
    ...more,
  }
}

export async function launchApp(
  home: AppHome,
  { env = {}, args = [] }: { readonly env?: Record<string, string>; readonly args?: readonly string[] } = {},
): Promise<RunningApp> {
  const electron = await _electron.launch({
    executablePath: inject('electron').executable,
    args: [...startArguments(), APP, ...args],
    env: environment(home, env),
    timeout: LAUNCH_LIMIT_MS,
    // The app's own theme, not one that the driver puts over it.
    colorScheme: null,
  })
  const page = await electron.firstWindow()
  const pid = electron.process().pid ?? 0
  const invoke: RunningApp['invoke'] = (name, argument) =>
    page.evaluate(`window.allium.invoke(${JSON.stringify(name)}, ${JSON.stringify(argument) ?? 'undefined'})`)
  const snapshot = async (): Promise<AppSnapshot> => {
    const outcome: CommandOutcome<Versioned<AppSnapshot>> = await invoke('snapshot.read')
    if (!outcome.ok) throw new Error(`no snapshot: ${outcome.error.kind}`)
    return outcome.value.value
  }
  return {
    electron,
    page,
    pid,
    invoke,
    snapshot,
    waitForSnapshot: (what, accept, limitMs = 60_000) =>
      waitFor(what, limitMs, async () => {
        const now = await snapshot()
        return accept(now) ? now : undefined
      }),
    close: async () => {
      const tree = processTree(pid)
      await electron.close()
      for (const { pid: left } of tree) kill(left)
    },
  }
}

/** Without Playwright: what the app does here it does by itself. */
export function spawnApp(
  home: AppHome,
  { env = {}, args = [] }: { readonly env?: Record<string, string>; readonly args?: readonly string[] } = {},
): ChildProcess {
  return spawn(inject('electron').executable, [...startArguments(), APP, ...args], {
    env: environment(home, env),
    stdio: ['ignore', 'pipe', 'ignore'],
  })
}

export function exitOf(child: ChildProcess): Promise<number | null> {
  if (child.exitCode !== null) return Promise.resolve(child.exitCode)
  return new Promise((resolve) => {
    child.once('exit', (code) => resolve(code))
  })
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It ended, as it should.
  }
}
