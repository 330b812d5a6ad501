/** Small decisions about batches of microdescriptors: which rows to keep, how to share them out, when to tidy up. Pure. */
import type { Microdescriptors } from '../netdoc/microdescriptor.ts'
import { bytesKey } from '../util/bytes.ts'
import { MAX_MICRODESCS_PER_REQUEST } from './directory-requests.ts'

const DIGEST_BYTES = 32
/** dir-spec 5.2: a request for fewer is not worth another relay. */
const MIN_SPLIT = 4
/** Below this a journal is left as it is, whatever is in it. */
const COMPACTION_SLACK_BYTES = 1024 * 1024

export function digestAt(batch: Microdescriptors, row: number): Buffer {
  return batch.digests.subarray(row * DIGEST_BYTES, (row + 1) * DIGEST_BYTES)
}

/** The bytes of the rows that `isWanted` says yes to (by `bytesKey` of the digest), each document once. */
export function selectRows(
  bytes: Buffer,
  batch: Microdescriptors,
  isWanted: (digestKey: string) => boolean,
): Buffer[] {
  const seen = new Set<string>()
  const selected: Buffer[] = []
  for (let row = 0; row < batch.count; row++) {
    const key = bytesKey(digestAt(batch, row))
    if (seen.has(key) || !isWanted(key)) continue
    seen.add(key)
    selected.push(bytes.subarray(batch.starts[row], batch.ends[row]))
  }
  return selected
}

/**
 * Shares digests out, in their order, into requests of at most 500 and over at least `relays` relays; those with one of
 * `urgent` come first. Within a request all keep their place: whoever is asked must not see which one we wait for, as
 * that is one of our guards.
 */
export function planRequests(
  digests: readonly Buffer[],
  relays: number,
  urgent: readonly Buffer[] = [],
): Buffer[][] {
  const share = Math.max(MIN_SPLIT, Math.ceil(digests.length / Math.max(1, relays)))
  const size = Math.min(MAX_MICRODESCS_PER_REQUEST, share)
  const requests: Buffer[][] = []
  for (let from = 0; from < digests.length; from += size) requests.push(digests.slice(from, from + size))
  const urgentKeys = new Set(urgent.map(bytesKey))
  const isUrgent = (request: readonly Buffer[]): boolean =>
    request.some((digest) => urgentKeys.has(bytesKey(digest)))
  return [...requests.filter(isUrgent), ...requests.filter((request) => !isUrgent(request))]
}

/** Whether so much of the journal must be stale by now that a rewrite is worth it. */
export function needsCompaction(journalBytes: number, usefulBytes: number): boolean {
  return journalBytes > usefulBytes * 2 + COMPACTION_SLACK_BYTES
}
