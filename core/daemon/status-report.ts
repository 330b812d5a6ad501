/** The client's state in lines of the log: what SIGUSR1 asks for, and the heartbeat. Nothing that identifies is shown unscrubbed. */
import type { CircuitStatus, ClientStatus } from '../client/status.ts'
import { type LogPart, sensitive } from '../util/log.ts'
import { describeBootstrap } from './bootstrap-log.ts'

export type ReportLine = readonly LogPart[]

/** Of each kind; a busy client has hundreds of streams, and the log is for people. */
const MAX_LISTED = 50
const SECOND_MS = 1_000
const MINUTE_MS = 60_000
const HOUR_MS = 3_600_000
const DAY_MS = 86_400_000
const MB = 1_000_000

/** `nowMs` and `uptimeMs` are monotonic. */
export function reportStatus(status: ClientStatus, nowMs: number, uptimeMs: number): readonly ReportLine[] {
  const { channels, circuits, streams } = status
  return [
    ['Dumping stats:'],
    [`Up ${formatUptime(uptimeMs)}, ${bootstrapWords(status)}.`],
    [countWords('Channels', channels)],
    ...listed(channels, (channel) => [
      '  channel to ',
      sensitive(`${channel.relay} at ${channel.endpoint}`),
      `: ${channel.state}, ${channel.circuits} circuits`,
    ]),
    [countWords('Circuits', circuits)],
    ...listed(circuits, (circuit) => circuitLine(circuit, nowMs)),
    [countWords('Streams', streams)],
    ...listed(streams, ({ id, state, target, circuitId }) => [
      `  stream ${id} to `,
      sensitive(target),
      `: ${state}${circuitId === undefined ? '' : ` on ${carrierWords(circuits, circuitId)}`}`,
    ]),
    [bandwidthWords(status, uptimeMs)],
  ]
}

/** One line that says that all is well, in the words of C tor's. */
export function reportHeartbeat(status: ClientStatus, uptimeMs: number): ReportLine {
  const open = status.circuits.filter(({ state }) => state === 'open').length
  const { readBytes, writtenBytes } = status.bandwidth
  return [
    `Heartbeat: Allium's uptime is ${formatUptime(uptimeMs)}, with ${open} circuits open. `,
    `I've sent ${formatMegabytes(writtenBytes)} and received ${formatMegabytes(readBytes)}.`,
  ]
}

function circuitLine(
  { id, setId, state, purpose, hops, streams, createdMs }: CircuitStatus,
  nowMs: number,
): ReportLine {
  const age = Math.max(0, Math.round((nowMs - createdMs) / SECOND_MS))
  const path = hops.map(({ nickname, fingerprint }) => `$${fingerprint}~${nickname}`).join(',')
  return [
    `  circuit ${id}${setId === undefined ? '' : ` of set ${setId}`}: ${purpose}, ${state}, ${age} seconds old, ${streams} streams, path `,
    sensitive(path),
  ]
}

function carrierWords(circuits: readonly CircuitStatus[], id: number): string {
  const setId = circuits.find((circuit) => circuit.id === id)?.setId
  return setId === undefined ? `circuit ${id}` : `set ${setId}`
}

function bootstrapWords({ bootstrap }: ClientStatus): string {
  const { percent, tag } = describeBootstrap(bootstrap)
  const state = bootstrap.isConnected ? 'connected' : 'not connected'
  return `bootstrapped ${percent}% (${tag}), ${state}`
}

function bandwidthWords({ bandwidth }: ClientStatus, uptimeMs: number): string {
  const seconds = Math.max(1, uptimeMs / SECOND_MS)
  const read = Math.round(bandwidth.readBytes / seconds)
  const written = Math.round(bandwidth.writtenBytes / seconds)
  return (
    `Bandwidth: ${formatMegabytes(bandwidth.readBytes)} received (${read} bytes/sec), ` +
    `${formatMegabytes(bandwidth.writtenBytes)} sent (${written} bytes/sec)`
  )
}

/** `Channels: 3 (2 open, 1 connecting)`. */
function countWords(title: string, rows: readonly { readonly state: string }[]): string {
  const counts = new Map<string, number>()
  for (const { state } of rows) counts.set(state, (counts.get(state) ?? 0) + 1)
  const parts = [...counts].map(([state, count]) => `${count} ${state}`)
  return `${title}: ${rows.length}${parts.length === 0 ? '' : ` (${parts.join(', ')})`}`
}

function listed<T>(rows: readonly T[], toLine: (row: T) => ReportLine): ReportLine[] {
  const lines = rows.slice(0, MAX_LISTED).map(toLine)
  return rows.length > MAX_LISTED ? [...lines, [`  and ${rows.length - MAX_LISTED} more`]] : lines
}

/** `6:05 hours`, `2 days 0:30 hours`, as C tor. */
export function formatUptime(uptimeMs: number): string {
  const days = Math.floor(uptimeMs / DAY_MS)
  const hours = Math.floor((uptimeMs % DAY_MS) / HOUR_MS)
  const minutes = Math.floor((uptimeMs % HOUR_MS) / MINUTE_MS)
  const time = `${hours}:${String(minutes).padStart(2, '0')} hours`
  return days === 0 ? time : `${days} ${days === 1 ? 'day' : 'days'} ${time}`
}

function formatMegabytes(bytes: number): string {
  return bytes < MB ? `${Math.round(bytes / 1_000)} kB` : `${(bytes / MB).toFixed(2)} MB`
}
