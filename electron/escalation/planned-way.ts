/** One way into the network as the plan has it, and the addresses that are dialled for it. Pure. */
import { type BridgeLine, parseBridgeLine } from '../../core/index.ts'
import { commonName, hasGoodArguments } from '../bridges/line-check.ts'
import type { AttemptWay } from '../ipc/snapshot-connection.ts'
import type { WaySource } from '../ipc/snapshot-ways.ts'

export interface PlannedWay {
  /** Stays the same within one plan. */
  readonly id: string
  readonly kind: 'direct' | 'bridges'
  readonly source: WaySource
  /** As the core takes them; empty for the direct way. */
  readonly lines: readonly string[]
  /** As people call them. */
  readonly transports: readonly string[]
  /** What is dialled: two ways that have one in common must not be taken right after one another. */
  readonly addresses: readonly string[]
  /** It did not lead there on this network before, and something else did: it is left as soon as it stands still. */
  readonly isBrief: boolean
}

/** Relays differ each time, but a censor sees one thing: this computer dials relays. */
export const DIRECT_ADDRESS = 'relays'

/** Of these, a bridge line's address is what is dialled; others have one that stands for nothing. */
const DIALLED_BY_ADDRESS: ReadonlySet<string | undefined> = new Set([undefined, 'obfs4'])

export function isDialledByAddress(transport: string | undefined): boolean {
  return DIALLED_BY_ADDRESS.has(transport)
}

/** What is dialled for a line; undefined for a line that the core could not use. `transports` are those that it has. */
export function addressOf(text: string, transports: readonly string[]): string | undefined {
  const line = usable(text, transports)
  if (line === undefined) return undefined
  if (!isDialledByAddress(line.transport)) return text.trim().replace(/\s+/g, ' ')
  // One address for all transports there: censors count what is dialled, and not what is spoken.
  return `${line.endpoint.host}:${line.endpoint.port}`
}

export function directWay(source: WaySource, isBrief: boolean): PlannedWay {
  const addresses = [DIRECT_ADDRESS]
  return { id: 'direct', kind: 'direct', source, lines: [], transports: [], addresses, isBrief }
}

/** Undefined when none of the lines can be used. Those of `taken` addresses are left out. */
export function bridgeWay(
  source: WaySource,
  lines: readonly string[],
  { transports, taken }: { readonly transports: readonly string[]; readonly taken: ReadonlySet<string> },
): PlannedWay | undefined {
  const used = new Map<string, string>()
  for (const text of lines) {
    const address = addressOf(text, transports)
    if (address !== undefined && !taken.has(address) && !used.has(address)) used.set(address, text)
  }
  if (used.size === 0) return undefined
  const names = new Set([...used.values()].map((text) => commonName(parseBridgeLine(text).transport)))
  return {
    id: `${source} ${[...names].join('+')}`,
    kind: 'bridges',
    source,
    lines: [...used.values()],
    transports: [...names],
    addresses: [...used.keys()],
    isBrief: false,
  }
}

/** Undefined when nothing is left of it; the same way where it has none of the lines. */
export function withoutLines(way: PlannedWay, isDropped: (line: string) => boolean): PlannedWay | undefined {
  if (!way.lines.some(isDropped)) return way
  const lines = way.lines.filter((line) => !isDropped(line))
  if (lines.length === 0) return undefined
  // One address for each line, in the same order.
  const addresses = way.addresses.filter((_, at) => lines.includes(way.lines[at] ?? ''))
  return { ...way, lines, addresses }
}

/** As the rows of attempts show it; what the settings say needs no further word. */
export function attemptWayOf({ kind, source, lines, transports }: PlannedWay): AttemptWay {
  const from = source === 'settings' ? {} : { source }
  return kind === 'direct' ? { kind, ...from } : { kind, transports, count: lines.length, ...from }
}

function usable(text: string, transports: readonly string[]): BridgeLine | undefined {
  let line: BridgeLine
  try {
    line = parseBridgeLine(text)
  } catch {
    return undefined
  }
  const { transport } = line
  if (transport !== undefined && !transports.includes(transport)) return undefined
  return hasGoodArguments(line) ? line : undefined
}
