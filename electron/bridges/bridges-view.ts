/** The bridges as the page shows them: what is kept of them, joined with what the core says of each. Pure. */
import { createHash } from 'node:crypto'
import { type BridgeLine, formatBridgeLine, parseBridgeLine } from '../../core/index.ts'
import type { HostBridgeStatus } from '../host/protocol.ts'
import type { BridgesView, BridgeView } from '../ipc/snapshot-bridges.ts'
import { BUILT_IN_TRANSPORTS } from './built-in.ts'
import type { LibraryDocument } from './library-document.ts'
import { commonName, describeLine, hasGoodArguments, PLAIN } from './line-check.ts'

/** A bridge that the app has, used or not. */
export interface KeptBridge {
  /** As the person gave it, or as it is built in. */
  readonly text: string
  readonly line: BridgeLine
  /** The same for the same bridge, however it was written. */
  readonly printed: string
  readonly origin: BridgeView['origin']
  readonly isEnabled: boolean
  readonly isAvailable: boolean
}

/** What bridges are looked at with. */
export interface BridgeMeans {
  /** That the core has. */
  readonly transports: readonly string[]
  /** The lines of a transport, as people call it. */
  readonly builtIn: (transport: string) => readonly string[]
}

/** The added ones first; a built-in one that was added too is there once. */
export function keptBridges(
  { added, builtIn, disabled }: LibraryDocument,
  { transports, builtIn: builtInLines }: BridgeMeans,
): readonly KeptBridge[] {
  const off = new Set(disabled)
  const keep = (text: string, origin: BridgeView['origin']): KeptBridge[] => {
    const line = parseOrNone(text)
    if (line === undefined) return []
    const isAvailable =
      line.transport === undefined || (transports.includes(line.transport) && hasGoodArguments(line))
    return [{ text, line, printed: formatBridgeLine(line), origin, isEnabled: !off.has(text), isAvailable }]
  }
  const all = [
    ...added.flatMap((text) => keep(text, 'added')),
    ...(builtIn === null ? [] : builtInLines(builtIn)).flatMap((text) => keep(text, 'built-in')),
  ]
  const seen = new Set<string>()
  return all.filter(({ printed }) => !seen.has(printed) && seen.add(printed))
}

/** Those that the core is to use. */
export function activeLines(document: LibraryDocument, means: BridgeMeans): readonly string[] {
  return keptBridges(document, means)
    .filter(({ isEnabled, isAvailable }) => isEnabled && isAvailable)
    .map(({ text }) => text)
}

/** Which ones a change took out of use at the person's word: removed, or turned off. */
export function droppedLines(before: LibraryDocument, after: LibraryDocument): readonly string[] {
  const stays = new Set(after.added)
  const wasOff = new Set(before.disabled)
  return [
    ...before.added.filter((line) => !stays.has(line)),
    ...after.disabled.filter((line) => !wasOff.has(line)),
  ]
}

/** `status` is what the core says; nothing of a bridge that it does not use. */
export function viewBridges(
  document: LibraryDocument,
  status: readonly HostBridgeStatus[],
  means: BridgeMeans,
  network?: string,
): Omit<BridgesView, 'trouble'> {
  const { transports, builtIn } = means
  const live = new Map(status.map((bridge) => [printedOf(bridge.line), bridge]))
  const kept = healthOn(document, network)
  return {
    bridges: keptBridges(document, means).map((bridge) => {
      const now = bridge.isEnabled ? live.get(bridge.printed) : undefined
      const { transport, address, emoji } = describeLine(bridge.line, bridge.text)
      return {
        id: bridgeId(bridge.text),
        line: bridge.text,
        transport,
        address,
        emoji,
        origin: bridge.origin,
        isEnabled: bridge.isEnabled,
        health: bridge.isAvailable ? (now?.health ?? 'unknown') : 'unavailable',
        failingSinceMs: now?.health === 'failing' ? failingSince(now, kept.get(bridge.printed)) : undefined,
        lastWorkedMs: now?.lastWorkedMs ?? kept.get(bridge.printed)?.lastWorkedMs,
      }
    }),
    builtIn: BUILT_IN_TRANSPORTS.map((transport) => ({
      transport,
      count: builtIn(transport).length,
      isAvailable: hasTransport(transport, transports),
      isChosen: document.builtIn === transport,
    })),
    transports: [PLAIN, ...transports.map(commonName)],
  }
}

/** `name` is what people call it; `transports` are those that the core has. */
export function hasTransport(name: string, transports: readonly string[]): boolean {
  return transports.some((transport) => commonName(transport) === name)
}

/** What is to be kept of the core's word, said on this network; the same document when nothing of it is new. */
export function withHealth(
  document: LibraryDocument,
  status: readonly HostBridgeStatus[],
  builtIn: BridgeMeans['builtIn'],
  network?: string,
): LibraryDocument {
  const live = new Map(status.map((bridge) => [printedOf(bridge.line), bridge]))
  const kept = healthOn(document, network)
  const bridges = keptBridges(document, { transports: [], builtIn })
  const lines = new Set(bridges.map(({ printed }) => printed))
  const elsewhere = document.health.filter(
    (health) => health.network !== network && lines.has(printedOf(health.line)),
  )
  const here = bridges.flatMap(({ text, printed }) => {
    const before = kept.get(printed)
    const now = live.get(printed)
    if (now === undefined || now.health === 'unknown') return before ?? []
    const lastWorkedMs = now.lastWorkedMs ?? before?.lastWorkedMs
    const failingSinceMs = now.health === 'failing' ? failingSince(now, before) : undefined
    const isOld =
      before !== undefined &&
      before.failingSinceMs === failingSinceMs &&
      (lastWorkedMs ?? 0) - (before.lastWorkedMs ?? 0) < WORTH_WRITING_MS
    if (isOld) return before
    return {
      line: text,
      ...(network === undefined ? {} : { network }),
      ...(lastWorkedMs === undefined ? {} : { lastWorkedMs }),
      ...(failingSinceMs === undefined ? {} : { failingSinceMs }),
    }
  })
  const health = [...elsewhere, ...here].slice(-MAX_HEALTH)
  const isSame =
    health.length === document.health.length && health.every((one, at) => one === document.health[at])
  return isSame ? document : { ...document, health }
}

/** Of all bridges on all networks; the newest network's come last. */
const MAX_HEALTH = 500

type Health = LibraryDocument['health'][number]

/** By bridge: how it fared on this network, or where that is not known. */
function healthOn({ health }: LibraryDocument, network: string | undefined): ReadonlyMap<string, Health> {
  const here = health.filter((one) => one.network === network)
  return new Map(here.map((one) => [printedOf(one.line), one]))
}

/** A bridge that works shows it all the time: that is no reason to write a file. */
const WORTH_WRITING_MS = 60 * 60 * 1000

/** A failure goes on over restarts, until the bridge works. */
function failingSince(
  now: HostBridgeStatus,
  before: LibraryDocument['health'][number] | undefined,
): number | undefined {
  return now.lastWorkedMs === undefined ? (before?.failingSinceMs ?? now.failingSinceMs) : now.failingSinceMs
}

/** Stays the same as long as the line does, and tells nothing of it. */
export function bridgeId(text: string): string {
  return createHash('sha256').update(`bridge ${text}`).digest('hex').slice(0, 32)
}

/** The same for the same bridge, however it was written. */
export function printedOf(text: string): string {
  const line = parseOrNone(text)
  return line === undefined ? text : formatBridgeLine(line)
}

function parseOrNone(text: string): BridgeLine | undefined {
  try {
    return parseBridgeLine(text)
  } catch {
    return undefined
  }
}
