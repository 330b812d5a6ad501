/** Gets the next consensus, or the first one, from whoever has it: the race over the sources with all its parts set. */
import type { RsaIdentity } from '../linkspec/relay-ids.ts'
import type { NetDir } from '../netdir/net-dir.ts'
import type { AuthorityCert } from '../netdoc/authority-cert.ts'
import { signedSha3 } from '../netdoc/consensus-diff.ts'
import type { Random } from '../util/random.ts'
import type { ClockEvidence } from './clock-evidence.ts'
import { type DiffBase, type FetchedConsensus, type FetchParts, fetchConsensus } from './consensus-fetch.ts'
import type { SourceTier } from './directory-sources.ts'
import type { DirectoryStore } from './directory-store.ts'
import { ifModifiedSinceMs, refetchRetryBounds } from './download-schedule.ts'
import { BOOTSTRAP_RETRY, raceSources } from './source-race.ts'
import type { SourceRecords } from './source-records.ts'
import { nextTurn } from './turns.ts'
import type { ViewBoard } from './view-board.ts'

export interface ConsensusRaceParts extends Omit<FetchParts, 'onPhase' | 'onProgress'> {
  readonly random: Random
  readonly store: DirectoryStore
  readonly board: ViewBoard
  readonly records: SourceRecords
  readonly trusted: readonly RsaIdentity[]
  readonly onClockEvidence: (evidence: ClockEvidence) => void
}

/** `view` is the one to be replaced. Tries until it has a newer one; see `raceSources` for the ends. */
export async function raceForConsensus(
  parts: ConsensusRaceParts,
  certs: readonly AuthorityCert[],
  view: NetDir | undefined,
  tiers: () => readonly SourceTier[],
  signal: AbortSignal,
): Promise<FetchedConsensus> {
  const { clock, random, board, log, records } = parts
  const held = {
    trusted: parts.trusted,
    certs,
    validAfterMs: view?.validAfterMs,
    base: view === undefined ? undefined : await readBase(parts, view, signal),
    ifModifiedSinceMs: view === undefined ? undefined : ifModifiedSinceMs(view),
  }
  return raceSources<FetchedConsensus>(
    {
      tiers,
      records,
      clock,
      random,
      retry: view === undefined ? BOOTSTRAP_RETRY : refetchRetryBounds(view),
      attempt: (source, trySignal, onProgress) => {
        const fetchParts = { ...parts, onPhase: board.reach.bind(board), onProgress }
        return fetchConsensus(source, held, fetchParts, trySignal)
      },
      discard: (result) => result.connection.close(),
      onFailure: (source, error) => {
        log.info(`A ${source.kind} directory gave no consensus: `, error.message)
        // While what we have is valid, there is time to try again and nothing for the user to know.
        if (!board.isLive()) board.fail(error)
      },
    },
    signal,
  )
}

/** From the disk: three megabytes that are needed once an hour need not stay in memory. */
async function readBase(
  { store, clock }: ConsensusRaceParts,
  view: NetDir,
  signal: AbortSignal,
): Promise<DiffBase | undefined> {
  const bytes = await store.readConsensus(view.consensus)
  if (bytes === undefined) return undefined
  await nextTurn(clock, signal)
  return { bytes, sha3: signedSha3(bytes) }
}
