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

/** Between passes while circuits cannot be built yet, and when only some relays, or what nobody has, are missing. */
const URGENT_RETRY = { baseMs: 1_000, maxMs: 60_000 }
const PATIENT_RETRY = { baseMs: 10_000, maxMs: 60 * 60 * 1000 }
/** So many bootstrap sources are asked in one pass beside the guards. */
const MAX_HELPERS = 6

export interface DescriptorUpkeepParts extends Omit<DownloadParts, 'onBatch' | 'urgent'> {
  readonly random: Random
  /** Reads and replaces the view; `replaceView` is told the bytes for the cache. */
  readonly view: () => NetDir
  readonly replaceView: (view: NetDir, batch: MicrodescBatch) => void
  readonly hasEnough: () => boolean
  /** Called after each pass over the sources: the view will not change again soon. */
  readonly onPassEnd: () => void
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
  let helpers: readonly DirectorySource[] = []
  try {
    for (let pass = 0; ; pass++) {
      const { missing, came, wasOpenOnly } = await runPass(
        parts,
        pass === 0 ? open : undefined,
        helpers,
        signal,
      )
      parts.onPassEnd()
      if (missing === 0) return
      if (pass === 0) open?.connection.close()
      // A guard's microdescriptor that the helpers do not have either is one that nobody has.
      const isLost = helpers.length > 0 && came === 0 && parts.hasEnough()
      // Guards that fell short, however much they gave, are helped. Others are drawn only when nothing came, and not while
      // circuits wait for a guard's alone: nobody may have it, and each draw shows us to more.
      const isDrawDue = helpers.length === 0 || (came === 0 && !parts.hasEnough())
      if (!wasOpenOnly && isDrawDue && isUrgent(parts)) helpers = drawHelpers(parts)
      parts.onFailure(new TorError('directory-refused', `${missing} microdescriptors could not be had yet`))
      await sleep(parts.clock, (isUrgent(parts) && !isLost ? urgent : patient).nextMs(), signal)
    }
  } finally {
    open?.connection.close()
  }
}

/** Whether circuits cannot be built before more is there. */
function isUrgent({ view, hasEnough, primaryGuards }: DescriptorUpkeepParts): boolean {
  const newest = view()
  return !hasEnough() || primaryGuards(newest).some((row) => newest.isMicrodescriptorMissing(row))
}

interface PassOutcome {
  /** How many microdescriptors are still to be had. */
  readonly missing: number
  /** How many have come. */
  readonly came: number
  /** Nobody but the open connection was asked. */
  readonly wasOpenOnly: boolean
}

async function runPass(
  parts: DescriptorUpkeepParts,
  open: OpenSource | undefined,
  helpers: readonly DirectorySource[],
  signal: AbortSignal,
): Promise<PassOutcome> {
  const view = parts.view()
  const missing = view.missingMicrodescDigests()
  if (missing.length === 0) return { missing: 0, came: 0, wasOpenOnly: false }
  const relays = parts.pickDirectoryRelays(view)
  const isSmall = missing.length <= MAX_MICRODESCS_PER_REQUEST
  // On a real network the guards serve: the source of the consensus is everybody's, and has done its part.
  if (open !== undefined && !isSmall && relays.length > 0) open.connection.close()
  const used = isSmall || relays.length === 0 ? open : undefined
  const nowMs = parts.clock.monotonicMs()
  const sources = passSources(parts, used, relays, helpers).filter(
    ({ source, connection }) => connection !== undefined || !parts.records.isResting(source, nowMs),
  )
  const urgent = parts.primaryGuards(view).map((row) => digestAt(view, row))
  const onBatch = (batch: MicrodescBatch): void => {
    if (signal.aborted) return
    parts.replaceView(parts.view().withMicrodescriptors(batch.parsed), batch)
  }
  await downloadMicrodescs(missing, sources, { ...parts, onBatch, urgent }, signal)
  const left = parts.view().missingMicrodescDigests().length
  return { missing: left, came: missing.length - left, wasOpenOnly: used !== undefined }
}

/**
 * Alone with one small request to make, the open connection is the fastest; else the guards. Others would see our address
 * for the sake of some relay that we can do without: they are asked when there is no guard, and when circuits wait for
 * what the guards do not give.
 */
function passSources(
  parts: DescriptorUpkeepParts,
  open: OpenSource | undefined,
  relays: readonly ChannelTarget[],
  helpers: readonly DirectorySource[],
): DownloadSource[] {
  if (open !== undefined) return [open]
  const sources =
    relays.length === 0
      ? drawHelpers(parts)
      : [...toSources('guard', relays), ...(isUrgent(parts) ? helpers : [])]
  return sources.map((source) => ({ source, connection: undefined }))
}

function drawHelpers(parts: DescriptorUpkeepParts): DirectorySource[] {
  return parts.bootstrapSources().flatMap((tier) => tier.sources.slice(0, MAX_HELPERS))
}

/** The digest of a relay's microdescriptor. */
function digestAt({ consensus }: NetDir, row: number): Buffer {
  return consensus.relays.microdescDigests.subarray(row * 32, row * 32 + 32)
}
