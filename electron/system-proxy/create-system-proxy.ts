/** Puts the system proxy together for the system that we run on. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from '../clock.ts'
import type { ProxyAddress, SystemProxyView } from '../ipc/snapshot.ts'
import { type CommandRunner, SystemCommandRunner } from './command-runner.ts'
import { FileJournal } from './journal.ts'
import { PrivateJournalFile } from './journal-file.ts'
import { GnomeProxy } from './linux-gnome.ts'
import { KdeProxy } from './linux-kde.ts'
import { MacosProxy } from './macos.ts'
import { programGuides } from './program-lines.ts'
import type { ProxyBackend } from './proxy-backend.ts'
import { ProxyChanges } from './proxy-changes.ts'
import { SystemProxy } from './system-proxy.ts'
import { WindowsProxy } from './windows.ts'

export interface SystemProxySurroundings {
  readonly platform: NodeJS.Platform
  readonly env: NodeJS.ProcessEnv
  /** The app's own folder, which nobody else can write to. */
  readonly dataFolder: string
  readonly clock: Clock
  readonly publish: (view: SystemProxyView) => void
  readonly log: (level: 'warn' | 'notice', text: string) => void
  readonly knownDoors: () => readonly ProxyAddress[]
}

async function readFileOrNothing(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch {
    return ''
  }
}

/** Those of the platform, the one to ask first at the front. */
function backendsOf(
  platform: NodeJS.Platform,
  env: NodeJS.ProcessEnv,
  runner: CommandRunner,
): ProxyBackend[] {
  switch (platform) {
    case 'linux':
    case 'freebsd':
    case 'openbsd':
      return [new KdeProxy(runner, env, readFileOrNothing), new GnomeProxy(runner, env)]
    case 'darwin':
      return [new MacosProxy(runner)]
    case 'win32':
      return [new WindowsProxy(runner)]
    default:
      return []
  }
}

export function createSystemProxy(surroundings: SystemProxySurroundings): SystemProxy {
  const { platform, env, clock, log } = surroundings
  const runner = new SystemCommandRunner({ platform, env })
  const store = new FileJournal(new PrivateJournalFile(join(surroundings.dataFolder, 'system-proxy.json')))
  const changes = new ProxyChanges({ backends: backendsOf(platform, env, runner), store, clock, log })
  return new SystemProxy({
    changes,
    clock,
    log,
    publish: surroundings.publish,
    knownDoors: surroundings.knownDoors,
    programs: (backend, doors) => programGuides({ platform, backend }, doors),
  })
}
