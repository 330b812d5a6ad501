/** Fills the details of a consensus's relays: from parsed microdescriptors, and from the view before. */
import type { Consensus } from '../netdoc/consensus.ts'
import type { Microdescriptors } from '../netdoc/microdescriptor-columns.ts'
import type { Slices } from '../netdoc/slices.ts'
import { type KeyTable, keyWords } from './key-table.ts'
import type { RelayDetails } from './relay-details.ts'

/** Rows to one slice: some milliseconds while the code is not compiled yet. */
export const SLICE_ROWS = 1_000

/**
 * Documents that no relay lists are ignored. A listed one that was rejected is final as well: its digest proves that it is
 * what the authorities signed, and nobody has another.
 */
export function* addBatch(details: RelayDetails, byDigest: KeyTable, batch: Microdescriptors): Slices<void> {
  const digests = keyWords(batch.digests)
  const source = details.openBatch(batch)
  for (let from = 0; from < batch.count; from++) {
    for (let row = byDigest.find(digests, from); row >= 0; row = byDigest.earlierRow(row)) {
      details.fill(row, source, from)
    }
    if (from % SLICE_ROWS === SLICE_ROWS - 1) yield undefined
  }
  for (const { digest } of batch.rejected) {
    for (let row = byDigest.find(keyWords(digest), 0); row >= 0; row = byDigest.earlierRow(row)) {
      details.reject(row)
    }
  }
}

/** Keeps what is known of relays that the new consensus lists with the same microdescriptor. */
export function* carryOver(
  details: RelayDetails,
  byDigest: KeyTable,
  oldConsensus: Consensus,
  old: RelayDetails,
): Slices<void> {
  const digests = keyWords(oldConsensus.relays.microdescDigests)
  for (let from = 0; from < old.count; from++) {
    if (old.isMissing(from)) continue
    for (let row = byDigest.find(digests, from); row >= 0; row = byDigest.earlierRow(row)) {
      details.carryOver(row, old, from)
    }
    if (from % SLICE_ROWS === SLICE_ROWS - 1) yield undefined
  }
}
