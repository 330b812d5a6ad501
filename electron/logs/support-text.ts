/**
 * The text that a person can send to those who help: what the program is, what it is set to, how connecting went, and
 * the newest log lines. No address, site, relay or bridge is put in, and every line is scrubbed once more. Times are
 * told backwards from now, so that nobody can match them with what else was seen at that time.
 */
import type { LogLine } from '../ipc/contract.ts'
import { DEFAULT_SETTINGS, type Settings } from '../ipc/settings.ts'
import type { FileTrouble } from '../ipc/file-trouble.ts'
import type { AppSnapshot } from '../ipc/snapshot.ts'
import type { BridgeView } from '../ipc/snapshot-bridges.ts'
import type { AttemptView, ConnectionView } from '../ipc/snapshot-connection.ts'
import type { Scrub } from './scrub.ts'

interface SupportParts {
  readonly snapshot: AppSnapshot
  readonly lines: readonly LogLine[]
  readonly nowMs: number
  readonly scrub: Scrub
}

const PLAIN_CHOICES = [
  'entry',
  'useBridges',
  'connectAtStart',
  'startAtLogin',
  'systemProxy',
  'theme',
  'notifications',
  'closeToTray',
] as const satisfies readonly (keyof Settings)[]

type Fact = readonly [name: string, value: string | number | boolean | undefined]

export function supportText({ snapshot, lines, nowMs, scrub }: SupportParts): string {
  const { connection } = snapshot
  const sections: readonly (readonly string[])[] = [
    ['Allium support information', ...facts(aboutFacts(snapshot))],
    ['Settings', ...facts(settingsFacts(snapshot))],
    ['Connection', ...facts(connectionFacts(connection, nowMs))],
    ['Attempts', ...connection.attempts.map((row) => attemptLine(row, nowMs))],
    ['Bridges', ...bridgeLines(snapshot.bridges.bridges)],
    ['System proxy and protection', ...facts(protectionFacts(snapshot))],
    ['Connection doctor', ...facts(doctorFacts(snapshot, nowMs))],
    ['Use', ...facts(useFacts(snapshot))],
    [`Log, the newest ${lines.length} lines`, ...lines.map((line) => logLine(line, nowMs))],
  ]
  return sections.map((section) => `${section.map(scrub).join('\n')}\n`).join('\n')
}

function facts(list: readonly Fact[]): readonly string[] {
  return list.map(([name, value]) => `  ${name}: ${value ?? '-'}`)
}

function aboutFacts({ about }: AppSnapshot): readonly Fact[] {
  const { countries, relays, bridges } = about.dataDates
  return [
    ['version', about.version],
    ['electron', about.electronVersion],
    ['chrome', about.chromeVersion],
    ['node', about.nodeVersion],
    ['platform', `${about.platform} ${about.arch}`],
    ['data', `countries ${countries}, relays ${relays}, bridges ${bridges}`],
    ['test runtime', about.isTestRuntime],
  ]
}

/** What cannot tell one person from another; of the rest, only whether there is any. */
function settingsFacts({ settings, settingsTrouble, bridges }: AppSnapshot): readonly Fact[] {
  return [
    ...PLAIN_CHOICES.map((name): Fact => [name, settings[name]]),
    ['exceptions', `loopback ${settings.proxyExceptions.loopback}, lan ${settings.proxyExceptions.lan}`],
    ['ports', settings.socksPort === 0 || settings.httpPort === 0 ? 'free ones' : 'fixed'],
    ['upstream proxy', settings.upstreamProxy?.kind ?? 'none'],
    ['allowed ports', settings.allowedPorts === null ? 'all' : 'some'],
    ['excluded countries', settings.excludedCountries.length === 0 ? 'none' : 'some'],
    ['check address', settings.checkUrl === DEFAULT_SETTINGS.checkUrl ? 'default' : 'changed'],
    ['settings file', fileState(settingsTrouble)],
    ['bridges file', fileState(bridges.trouble)],
  ]
}

function fileState(trouble: FileTrouble | undefined): string {
  if (trouble === undefined) return 'good'
  return trouble.backupName === undefined ? 'could not be read' : 'was broken'
}

function connectionFacts(view: ConnectionView, nowMs: number): readonly Fact[] {
  return [
    ['state', `${view.state} since ${before(view.sinceMs, nowMs)}`],
    ['lights', `internet ${view.internet}, tor ${view.tor}`],
    ['progress', `${view.phase ?? '-'}, ${view.step}, ${view.percent}%`],
    ['verified', before(view.verifiedMs, nowMs)],
    ['clock ahead', view.clock === undefined ? undefined : `${Math.round(view.clock.aheadMs / 1000)} s`],
    ['blockage', describeReason(view.blockage)],
    ['core restarts', view.coreRestart?.count],
  ]
}

function attemptLine(row: AttemptView, nowMs: number): string {
  const way =
    row.way.kind === 'direct' ? 'direct' : `${row.way.count} bridges (${row.way.transports.join(', ')})`
  const end = row.endedMs === undefined ? 'still running' : `ended ${before(row.endedMs, nowMs)}`
  const reason = describeReason(row.reason)
  const why = reason === undefined ? '' : `, ${reason}`
  return `  ${row.id}: ${way}, began ${before(row.startedMs, nowMs)}, ${end}, ${row.outcome} at ${row.step} ${row.percent}%${why}, next ${row.next}`
}

/** How many of which kind: a bridge's line is a secret between the person and its operator. */
function bridgeLines(bridges: readonly BridgeView[]): readonly string[] {
  const counts = new Map<string, number>()
  for (const { transport, origin, isEnabled, health } of bridges) {
    const kind = `${transport}, ${origin}, ${isEnabled ? 'enabled' : 'disabled'}, ${health}`
    counts.set(kind, (counts.get(kind) ?? 0) + 1)
  }
  return [...counts].map(([kind, count]) => `  ${count} x ${kind}`)
}

function protectionFacts({ systemProxy, proxies, protection }: AppSnapshot): readonly Fact[] {
  return [
    ['backend', systemProxy.backend],
    ['wanted', systemProxy.isWanted],
    ['state', systemProxy.state],
    ['trouble', systemProxy.trouble],
    ['detail', systemProxy.detail],
    ['restored at start', systemProxy.restoredAtStart],
    ['socks door', proxies.socks === undefined ? 'closed' : 'open'],
    ['http door', proxies.http === undefined ? 'closed' : 'open'],
    ['door trouble', proxies.trouble?.detail],
    ...protection.results.map(({ check, verdict, fix }): Fact => [`check ${check}`, `${verdict}, ${fix}`]),
  ]
}

/** What was found, and nothing of whom was asked. */
function doctorFacts({ doctor }: AppSnapshot, nowMs: number): readonly Fact[] {
  return [
    [
      'examined',
      doctor.ranAtMs === undefined
        ? 'never'
        : `${before(doctor.ranAtMs, nowMs)}, ${doctor.hasSent ? 'asking others' : 'this computer only'}`,
    ],
    ...doctor.results.map(
      ({ check, verdict, finding }): Fact => [
        check,
        finding === undefined ? verdict : `${verdict}, ${finding}`,
      ],
    ),
  ]
}

function useFacts({ circuits, sites }: AppSnapshot): readonly Fact[] {
  const open = circuits.circuits.filter(({ state }) => state === 'open').length
  return [
    ['circuits', `${circuits.circuits.length}, of them open ${open}`],
    ['sites', sites.sites.length],
  ]
}

function logLine({ atMs, level, domain, text }: LogLine, nowMs: number): string {
  return `  -${((nowMs - atMs) / 1000).toFixed(1)}s ${level} ${domain}: ${text}`
}

function describeReason(
  reason: { readonly kind: string; readonly detail: string } | undefined,
): string | undefined {
  return reason === undefined ? undefined : `${reason.kind} (${reason.detail})`
}

function before(atMs: number | undefined, nowMs: number): string {
  return atMs === undefined ? 'never' : `${Math.max(0, Math.round((nowMs - atMs) / 1000))} s ago`
}
