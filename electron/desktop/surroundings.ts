/** What the app finds around it: versions, the system, and, for tests alone, a network of one's own. */
import { readFileSync } from 'node:fs'
import { hostname, userInfo } from 'node:os'
import { app, Notification } from 'electron'
import * as v from 'valibot'
import { BUILT_IN_DATA_DATES, MOAT_SERVICE } from '../../core/index.ts'
import { BUILT_IN_BRIDGES_DATE, builtInLines } from '../bridges/built-in.ts'
import { DOCTOR_TARGETS, type DoctorTargets, parseDoctorTargets } from '../doctor/doctor-targets.ts'
import type { WaySurroundings } from '../escalation/create-way-finder.ts'
import { moatServiceSchema } from '../host/help-protocol.ts'
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
 * What the ways in are made of. On a network that a test names, the built-in bridges and the bridge service are those
 * that it names, too, or none: nothing of it may leave this computer.
 */
export function waySurroundings(): WaySurroundings {
  const { timeZone, locale } = Intl.DateTimeFormat().resolvedOptions()
  const own = { timeZone, locale: app.getLocale() || locale }
  if (app.isPackaged || readNetworkLines().length === 0) {
    return { ...own, builtIn: builtInLines, service: MOAT_SERVICE, allowsInternalAddresses: false }
  }
  const bridges = v.parse(BUILT_IN_FILE, readTestFile('ALLIUM_BUILT_IN_BRIDGES_FILE') ?? {})
  const service = readTestFile('ALLIUM_BRIDGE_SERVICE_FILE')
  return {
    ...own,
    builtIn: (transport) => bridges[transport] ?? [],
    service: service === undefined ? undefined : v.parse(moatServiceSchema, service),
    allowsInternalAddresses: true,
  }
}

const BUILT_IN_FILE = v.record(v.string(), v.array(v.string()))

function readTestFile(variable: string): unknown {
  const file = process.env[variable]
  return file === undefined || file === '' ? undefined : JSON.parse(readFileSync(file, 'utf8'))
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
