/** One exit circuit of the pool: whom it may still serve, decided without touching the network. */
import type { Circuit } from '../circuit/circuit.ts'
import type { RsaIdentity } from '../linkspec/relay-ids.ts'
import type { NetDir } from '../netdir/net-dir.ts'
import type { IsolationKey } from './isolation.ts'

/** What a stream demands of its circuit. */
export interface ExitUsage {
  readonly isolation: IsolationKey
  /** Undefined when the exit resolves a name only, or chooses the family itself. */
  readonly family: 'ipv4' | 'ipv6' | undefined
  /** Undefined for RESOLVE, which every exit does. */
  readonly port: number | undefined
}

export interface PooledCircuit {
  readonly netDir: NetDir
  readonly path: readonly number[]
  readonly exit: RsaIdentity
  /** On the monotonic clock: it goes then if nobody has used it. Drawn once, or a draw at each look would end it early. */
  readonly unusedUntilMs: number
  /** Undefined while it is being built. */
  circuit: Circuit | undefined
  readonly ready: Promise<Circuit>
  /** Whose streams it carries; undefined while it is clean. It stays set after the streams are gone. */
  isolation: IsolationKey | undefined
  firstUsedMs: number | undefined
  /** No new streams: too old, or its exit let us down. */
  isRetired: boolean
}

/** Whether the circuit may carry a stream with this usage, now or once it is built. */
export function maySupport(
  entry: PooledCircuit,
  usage: ExitUsage,
  excludedExits: ReadonlySet<RsaIdentity>,
): boolean {
  if (entry.isRetired || excludedExits.has(entry.exit)) return false
  if (entry.circuit !== undefined && !entry.circuit.isOpen) return false
  if (entry.isolation !== undefined && entry.isolation !== usage.isolation) return false
  return mayExitTo(entry, usage)
}

/** A name may turn out to be of either family: the IPv4 policy decides, as C tor does. */
function mayExitTo(entry: PooledCircuit, usage: ExitUsage): boolean {
  const exitIndex = entry.path.at(-1)
  if (exitIndex === undefined) return false
  if (usage.port === undefined) return true
  return entry.netDir.allowsExitTo(exitIndex, usage.port, usage.family ?? 'ipv4')
}
