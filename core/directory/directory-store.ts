/**
 * The directory on disk: consensus, authority certificates and microdescriptors as their documents' exact bytes. The
 * disk is not trusted: signatures and digests are checked anew at each load.
 */
import { sha256 } from '../crypto/hash.ts'
import type { RsaIdentity } from '../linkspec/relay-ids.ts'
import { type AuthorityCert, parseAuthorityCerts } from '../netdoc/authority-cert.ts'
import { type Consensus, parseConsensusInSlices } from '../netdoc/consensus.ts'
import { type Microdescriptors, parseMicrodescriptorsInSlices } from '../netdoc/microdescriptor.ts'
import { runSlices } from '../netdoc/slices.ts'
import type { StateStore } from '../persist/state-store.ts'
import { asBuffer, concatBytes, equalBytes } from '../util/bytes.ts'
import type { Clock } from '../util/clock.ts'
import { toTorError } from '../util/errors.ts'
import type { Logger } from '../util/log.ts'
import { addCerts } from './authority-certs.ts'
import { requireSignatures } from './consensus-check.ts'
import { isReasonablyLive, judgeFreshness } from './download-schedule.ts'
import { ListingTimes } from './listing-times.ts'
import { needsCompaction, selectRows } from './microdescriptor-rows.ts'
import { nextTurn } from './turns.ts'

const CONSENSUS_NAME = 'cached-microdesc-consensus'
const CERTS_NAME = 'cached-certs'
/** An append-only journal of microdescriptors, back to back. */
const MICRODESCS_NAME = 'cached-microdescs'
/** When those of them that are no longer listed were last listed. */
const LISTING_NAME = 'cached-microdescs-listing'

export interface CachedDirectory {
  /** Verified and reasonably live. */
  readonly consensus: Consensus | undefined
  readonly certs: readonly AuthorityCert[]
  readonly microdescriptors: Microdescriptors | undefined
}

export class DirectoryStore {
  readonly #store: StateStore
  readonly #clock: Clock
  readonly #log: Logger
  /** Size of the journal, and what it was when it last held nothing but useful documents. */
  #journalBytes = 0
  #usefulBytes = 0
  readonly #listing = new ListingTimes()
  /** The set that is on disk, as it was loaded or given. */
  #savedCerts: readonly AuthorityCert[] = []
  #writes: Promise<void> = Promise.resolve()
  #hasWarned = false

  constructor(store: StateStore, clock: Clock, log: Logger) {
    this.#store = store
    this.#clock = clock
    this.#log = log
  }

  /** Whatever is missing, damaged or no longer usable is simply not in the result. Throws `aborted` only. */
  async load(trusted: readonly RsaIdentity[], signal: AbortSignal): Promise<CachedDirectory> {
    const certs = await this.#loadCerts(trusted)
    await nextTurn(this.#clock, signal)
    const consensus = await this.#loadConsensus(certs, trusted, signal)
    await nextTurn(this.#clock, signal)
    const microdescriptors = await this.#loadMicrodescs(consensus, signal)
    return { consensus, certs, microdescriptors }
  }

  /** The exact bytes of a consensus that was verified, to apply a diff to; undefined when the disk has another. */
  async readConsensus(verified: Consensus): Promise<Buffer | undefined> {
    await this.#writes
    const bytes = await this.#read(CONSENSUS_NAME)
    if (bytes === undefined || bytes.length < verified.signedLength) return undefined
    const isSame = equalBytes(sha256(bytes.subarray(0, verified.signedLength)), verified.signedSha256)
    return isSame ? bytes : undefined
  }

  /** With the certificates that verify it, which come first: without them it would be taken for forged at the next start. */
  saveConsensus(bytes: Buffer, certs: readonly AuthorityCert[]): void {
    this.#enqueue(async () => {
      if (certs !== this.#savedCerts) {
        await this.#store.write(CERTS_NAME, Buffer.from(certs.map((cert) => cert.text).join('')))
        this.#savedCerts = certs
      }
      await this.#store.write(CONSENSUS_NAME, bytes)
    })
  }

  /** Adds documents of a consensus, back to back. */
  appendMicrodescs(bytes: Buffer): void {
    if (bytes.length === 0) return
    this.#enqueue(async () => {
      await this.#store.append(MICRODESCS_NAME, bytes)
      this.#journalBytes += bytes.length
    })
  }

  /** Rewrites the journal without what was last listed long before this consensus, when that is worth the work. */
  compactMicrodescs(consensus: Consensus, signal: AbortSignal): void {
    this.#enqueue(async () => {
      if (this.#listing.note(consensus.relays.microdescDigests, this.#clock.wallMs()))
        await this.#saveListing()
      if (!needsCompaction(this.#journalBytes, this.#usefulBytes) || signal.aborted) return
      const bytes = await this.#read(MICRODESCS_NAME)
      if (bytes === undefined) return
      const batch = await this.#parseUnlessAborted(bytes, signal)
      if (batch !== undefined) await this.#rewriteJournal(bytes, batch)
    })
  }

  /** Resolves when everything said so far is on disk, or has failed to get there. */
  flush(): Promise<void> {
    return this.#writes
  }

  async #loadCerts(trusted: readonly RsaIdentity[]): Promise<readonly AuthorityCert[]> {
    const bytes = await this.#read(CERTS_NAME)
    if (bytes === undefined) return []
    const { certs, rejected } = parseAuthorityCerts(bytes)
    const [error] = rejected
    const found = addCerts([], certs, trusted, this.#clock.wallMs())
    if (error === undefined) this.#savedCerts = found
    else await this.#setAside(CERTS_NAME, error.message)
    return found
  }

  async #loadConsensus(
    certs: readonly AuthorityCert[],
    trusted: readonly RsaIdentity[],
    signal: AbortSignal,
  ): Promise<Consensus | undefined> {
    const bytes = await this.#read(CONSENSUS_NAME)
    if (bytes === undefined) return undefined
    const nowMs = this.#clock.wallMs()
    try {
      const consensus = await runSlices(parseConsensusInSlices(bytes), this.#clock, signal)
      if (!isReasonablyLive(judgeFreshness(consensus, nowMs))) {
        this.#log.info('The cached consensus is not of our time and is not used')
        return undefined
      }
      await nextTurn(this.#clock, signal)
      requireSignatures(consensus, certs, trusted, nowMs)
      return consensus
    } catch (error) {
      if (signal.aborted) throw error
      await this.#setAside(CONSENSUS_NAME, toTorError(error).message)
      return undefined
    }
  }

  async #loadMicrodescs(
    consensus: Consensus | undefined,
    signal: AbortSignal,
  ): Promise<Microdescriptors | undefined> {
    const bytes = await this.#read(MICRODESCS_NAME)
    if (bytes === undefined) return undefined
    const batch = await runSlices(parseMicrodescriptorsInSlices(bytes), this.#clock, signal)
    this.#journalBytes = bytes.length
    const [damage] = batch.rejected
    // An append that was cut short leaves its mark at the very end: no news, but nothing may be added behind it.
    const isTornTail = batch.rejected.length === 1 && damage !== undefined && damage.offset >= lastEnd(batch)
    if (damage !== undefined && !isTornTail) await this.#setAside(MICRODESCS_NAME, damage.reason)
    const hasCleanEnd = bytes.length === 0 || lastEnd(batch) === bytes.length
    // About: microdescriptors are of like size.
    const listed = Math.min(batch.count, consensus?.relays.count ?? batch.count)
    this.#usefulBytes = batch.count === 0 ? 0 : Math.ceil((bytes.length * listed) / batch.count)
    await this.#loadListing(batch, consensus)
    if (damage !== undefined || !hasCleanEnd) this.#enqueue(() => this.#rewriteJournal(bytes, batch))
    return batch
  }

  async #parseUnlessAborted(bytes: Buffer, signal: AbortSignal): Promise<Microdescriptors | undefined> {
    try {
      return await runSlices(parseMicrodescriptorsInSlices(bytes), this.#clock, signal)
    } catch (error) {
      if (signal.aborted) return undefined
      throw error
    }
  }

  async #loadListing(batch: Microdescriptors, consensus: Consensus | undefined): Promise<void> {
    const nowMs = this.#clock.wallMs()
    const text = await this.#read(LISTING_NAME)
    if (text !== undefined) this.#listing.read(text.toString('latin1'), nowMs)
    if (consensus !== undefined) this.#listing.note(consensus.relays.microdescDigests, nowMs)
    this.#listing.noteFound(batch.digests, nowMs)
  }

  #saveListing(): Promise<void> {
    return this.#store.write(LISTING_NAME, Buffer.from(this.#listing.toString()))
  }

  async #rewriteJournal(bytes: Buffer, batch: Microdescriptors): Promise<void> {
    const kept = concatBytes(...selectRows(bytes, batch, this.#listing.keeper(this.#clock.wallMs())))
    await this.#store.write(MICRODESCS_NAME, kept)
    await this.#saveListing()
    this.#journalBytes = kept.length
    this.#usefulBytes = kept.length
  }

  /** A disk that cannot be read is as good as an empty cache here: everything can be fetched again. */
  async #read(name: string): Promise<Buffer | undefined> {
    try {
      const bytes = await this.#store.read(name)
      return bytes === undefined ? undefined : asBuffer(bytes)
    } catch (error) {
      this.#warnOnce(`The directory cache "${name}" cannot be read`, error)
      return undefined
    }
  }

  async #setAside(name: string, reason: string): Promise<void> {
    try {
      const backup = await this.#store.keepBackup(name)
      this.#log.warn(
        `The directory cache "${name}" is not to be trusted (${reason}); kept as "${backup ?? name}"`,
      )
    } catch (error) {
      this.#warnOnce(`The bad directory cache "${name}" cannot be set aside`, error)
    }
  }

  #enqueue(write: () => Promise<void>): void {
    this.#writes = this.#writes.then(write).catch((error: unknown) => {
      this.#warnOnce('The directory cache cannot be written; the client goes on without it', error)
    })
  }

  #warnOnce(what: string, error: unknown): void {
    const said = `${what}: ${toTorError(error).message}`
    if (this.#hasWarned) this.#log.info(said)
    else this.#log.warn(said)
    this.#hasWarned = true
  }
}

function lastEnd(batch: Microdescriptors): number {
  return batch.count === 0 ? 0 : (batch.ends[batch.count - 1] ?? 0)
}
