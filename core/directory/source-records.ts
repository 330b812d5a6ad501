/**
 * How directory sources have fared, by relay, over races and downloads: who failed comes later in the next one, and
 * who asked to be left in peace, or sent what is not to be trusted, is not asked for a while. It has nothing to do
 * with guards: a cache that gives bad data may be a good guard (C tor 0.4.9.13).
 */
import type { TorError } from '../util/errors.ts'
import type { DirectorySource, SourceRecord } from './directory-sources.ts'

/** A source that gave a bad document is left alone for this long, doubling at each repetition. */
const BAD_SOURCE_REST_MS = 60_000
/** A 503 is a request for peace; C tor stays away from such a directory for an hour. */
const BUSY_REST_MS = 5 * 60_000
const MAX_REST_MS = 60 * 60 * 1000
/** Guards, fallbacks and authorities together are some 220. */
const MAX_RECORDS = 1_000

interface KeptRecord extends SourceRecord {
  readonly wasBusy: boolean
}

const FRESH: KeptRecord = { failures: 0, restUntilMs: 0, wasBusy: false }

export class SourceRecords {
  readonly #records = new Map<string, KeptRecord>()

  get(source: DirectorySource): SourceRecord {
    return this.#records.get(source.target.ids.rsa) ?? FRESH
  }

  /** `nowMs` is monotonic. */
  isResting(source: DirectorySource, nowMs: number): boolean {
    return this.get(source).restUntilMs > nowMs
  }

  succeed(source: DirectorySource): void {
    this.#records.delete(source.target.ids.rsa)
  }

  fail(source: DirectorySource, error: TorError, nowMs: number): void {
    const key = source.target.ids.rsa
    const failures = this.get(source).failures + 1
    const restMs = Math.min(restAfter(error) * 2 ** Math.min(failures - 1, 10), MAX_REST_MS)
    this.#records.delete(key)
    this.#records.set(key, { failures, restUntilMs: nowMs + restMs, wasBusy: isBusy(error) })
    for (const oldest of this.#records.keys()) {
      if (this.#records.size <= MAX_RECORDS) break
      this.#records.delete(oldest)
    }
  }

  /**
   * What failed while there was no network, or while our clock was wrong, says nothing of the sources; who asked to be
   * left in peace still is.
   */
  forgetFailures(): void {
    for (const [key, record] of this.#records) if (!record.wasBusy) this.#records.delete(key)
  }
}

function restAfter(error: TorError): number {
  if (isBusy(error)) return BUSY_REST_MS
  return isUntrustworthy(error) ? BAD_SOURCE_REST_MS : 0
}

function isBusy(error: TorError): boolean {
  return error.kind === 'directory-refused' && error.retry === 'later'
}

function isUntrustworthy(error: TorError): boolean {
  return ['bad-directory', 'malformed', 'limit', 'wrong-identity', 'protocol-violation'].includes(error.kind)
}
