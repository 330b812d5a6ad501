/**
 * Keeps a view's microdescriptors complete: passes over the directory sources, with growing pauses, until nothing is
 * missing. Runs until it is done or stopped; a new consensus starts a new one.
 */
import type { ChannelTarget } from '../linkspec/relay-target.ts'
import type { NetDir } from '../netdir/net-dir.ts'
import { sleep } from '../util/clock.ts'
import { TorError } from '../util/errors.ts'
import type { Random } from '../util/random.ts'
import { RetryDelay } from '../util/retry-delay.ts'
import { MAX_MICRODESCS_PER_REQUEST } from './directory-requests.ts'
import type { DirectoryConnection } from './directory-source.ts'
import { type DirectorySource, type SourceTier, toSources } from './directory-sources.ts'
import {
  type DownloadParts,
  type DownloadSource,
  downloadMicrodescs,
  type MicrodescBatch,
} from './microdescriptor-download.ts'
import { putFirst } from './microdescriptor-rows.ts'

/** Between passes while circuits cannot be built yet, and afterwards, when only some relays are missing. */
const URGENT_RETRY = { baseMs: 1_000, maxMs: 60_000 }
const PATIENT_RETRY = { baseMs: 10_000, maxMs: 60 * 60 * 1000 }
/** So many bootstrap sources are asked in one pass beside the guards. */
const MAX_HELPERS = 6

export interface DescriptorUpkeepParts extends Omit<DownloadParts, 'onBatch'> {
  readonly random: Random
  /** Reads and replaces the view; `replaceView` is told the bytes for the cache. */
  readonly view: () => NetDir
  readonly replaceView: (view: NetDir, batch: MicrodescBatch) => void
  readonly hasEnough: () => boolean
  readonly pickDirectoryRelays: (view: NetDir) => readonly ChannelTarget[]
  /** The rows of the relays without whose microdescriptors no circuit can be built. */
  readonly primaryGuards: (view: NetDir) => readonly number[]
  readonly bootstrapSources: () => readonly SourceTier[]
}

/** The connection that gave the consensus, still open. It is closed here. */
export interface OpenSource {
  readonly source: DirectorySource
  readonly connection: DirectoryConnection
}

/** Resolves when no microdescriptor is missing. Rejects only when the signal fires. */
export async function completeDescriptors(
  parts: DescriptorUpkeepParts,
  open: OpenSource | undefined,
  signal: AbortSignal,
): Promise<void> {
  const urgent = new RetryDelay(parts.random, URGENT_RETRY.baseMs, URGENT_RETRY.maxMs)
  const patient = new RetryDelay(parts.random, PATIENT_RETRY.baseMs, PATIENT_RETRY.maxMs)
  try {
    for (let pass = 0; ; pass++) {
      const missing = await runPass(parts, pass === 0 ? open : undefined, pass, signal)
      if (missing === 0) return
      if (pass === 0) open?.connection.close()
      const hasEnough = parts.hasEnough()
      parts.onFailure(new TorError('directory-refused', `${missing} microdescriptors could not be had yet`))
      await sleep(parts.clock, (hasEnough ? patient : urgent).nextMs(), signal)
    }
  } finally {
    open?.connection.close()
  }
}

/** Returns how many microdescriptors are still missing. */
async function runPass(
  parts: DescriptorUpkeepParts,
  open: OpenSource | undefined,
  pass: number,
  signal: AbortSignal,
): Promise<number> {
  const view = parts.view()
  const missing = view.missingMicrodescDigests()
  if (missing.length === 0) return 0
  const relays = parts.pickDirectoryRelays(view)
  const isSmall = missing.length <= MAX_MICRODESCS_PER_REQUEST
  // On a real network the guards serve: the source of the consensus is everybody's, and has done its part.
  if (open !== undefined && !isSmall && relays.length > 0) open.connection.close()
  const nowMs = parts.clock.monotonicMs()
  const sources = passSources(parts, isSmall || relays.length === 0 ? open : undefined, relays, pass).filter(
    ({ source, connection }) => connection !== undefined || !parts.records.isResting(source, nowMs),
  )
  const guardDigests = parts.primaryGuards(view).map((row) => digestAt(view, row))
  const onBatch = (batch: MicrodescBatch): void => {
    if (signal.aborted) return
    parts.replaceView(parts.view().withMicrodescriptors(batch.parsed), batch)
  }
  await downloadMicrodescs(putFirst(missing, guardDigests), sources, { ...parts, onBatch }, signal)
  return parts.view().missingMicrodescDigests().length
}

/** Alone with one small request to make, the open connection is the fastest; else the guards, then everybody. */
function passSources(
  parts: DescriptorUpkeepParts,
  open: OpenSource | undefined,
  relays: readonly ChannelTarget[],
  pass: number,
): DownloadSource[] {
  if (open !== undefined) return [open]
  const guards = toSources('guard', relays)
  const isWithHelpers = pass > 0 || relays.length === 0
  const helpers = isWithHelpers
    ? parts.bootstrapSources().flatMap((tier) => tier.sources.slice(0, MAX_HELPERS))
    : []
  return [...guards, ...helpers].map((source) => ({ source, connection: undefined }))
}

/** The digest of a relay's microdescriptor. */
function digestAt({ consensus }: NetDir, row: number): Buffer {
  return consensus.relays.microdescDigests.subarray(row * 32, row * 32 + 32)
}
