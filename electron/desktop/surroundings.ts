/** What the app finds around it: versions, the system, and, for tests alone, a network of one's own. */
import { readFileSync } from 'node:fs'
import { hostname, userInfo } from 'node:os'
import { app, Notification } from 'electron'
import { BUILT_IN_DATA_DATES } from '../../core/index.ts'
import { BUILT_IN_BRIDGES_DATE } from '../bridges/built-in.ts'
import { DOCTOR_TARGETS, type DoctorTargets, parseDoctorTargets } from '../doctor/doctor-targets.ts'
import type { AboutView } from '../ipc/snapshot.ts'
import { createScrub, type Scrub } from '../logs/scrub.ts'

/** Larger is no description of a network. */
const MAX_NETWORK_LINES = 1_000

export function describeApp(hasTray: boolean): AboutView {
  return {
    version: app.getVersion(),
    electronVersion: process.versions.electron ?? '',
    chromeVersion: process.versions['chrome'] ?? '',
    nodeVersion: process.versions.node,
    platform: process.platform,
    arch: process.arch,
    dataDates: { ...BUILT_IN_DATA_DATES, bridges: BUILT_IN_BRIDGES_DATE },
    isTestRuntime: !app.isPackaged && process.env['ALLIUM_RUNTIME_KIND'] === 'test',
    isDemo: !app.isPackaged && process.env['ALLIUM_DEMO'] === '1',
    canStartAtLogin: ['linux', 'darwin', 'win32'].includes(process.platform),
    canNotify: Notification.isSupported(),
    hasTray,
  }
}

/** Lines of a torrc that a test names by a file; a package looks at no such variable: it would be a way to be led astray. */
export function readNetworkLines(): readonly string[] {
  const file = process.env['ALLIUM_NETWORK_FILE']
  if (app.isPackaged || file === undefined || file === '') return []
  return readFileSync(file, 'utf8')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .slice(0, MAX_NETWORK_LINES)
}

/**
 * Whom the connection doctor asks. On a network that a test names nobody is, unless the test names them, too: nothing of
 * it may leave this computer.
 */
export function readDoctorTargets(): DoctorTargets | undefined {
  const file = process.env['ALLIUM_DOCTOR_FILE']
  if (app.isPackaged) return DOCTOR_TARGETS
  if (file !== undefined && file !== '') return parseDoctorTargets(readFileSync(file, 'utf8'))
  return readNetworkLines().length > 0 ? undefined : DOCTOR_TARGETS
}

/** Takes this computer's and this person's names out of log lines. */
export function scrubForThisComputer(): Scrub {
  return createScrub({ homeFolder: app.getPath('home'), userName: ownName(), hostName: hostname() })
}

/** A user without an entry in the system's list has no name to hide. */
function ownName(): string {
  try {
    return userInfo().username
  } catch {
    return ''
  }
}
