/** Fetches a consensus and the certificates to verify it from one source, in parallel on one connection. */
import { formatEndpoint } from '../linkspec/relay-target.ts'
import type { RsaIdentity } from '../linkspec/relay-ids.ts'
import { type AuthorityCert, parseAuthorityCerts } from '../netdoc/authority-cert.ts'
import { applyConsensusDiffInSlices, isConsensusDiff } from '../netdoc/consensus-diff.ts'
import { type Consensus, parseConsensusInSlices } from '../netdoc/consensus.ts'
import { verifyConsensusSignatures } from '../netdoc/consensus-signatures.ts'
import { runSlices } from '../netdoc/slices.ts'
import { throwIfAborted, withTimeout } from '../util/abort.ts'
import type { Clock } from '../util/clock.ts'
import { TorError, toTorError } from '../util/errors.ts'
import { linkAbort } from '../util/linked-abort.ts'
import type { Logger } from '../util/log.ts'
import { addCerts, missingCertIdentities } from './authority-certs.ts'
import type { DirectoryPhase } from './bootstrap-state.ts'
import { type ClockEvidence, certificateEvidence, consensusEvidence } from './clock-evidence.ts'
import {
  checkSignatures,
  requireNewer,
  requireProtocols,
  requireSignatures,
  requireTimeliness,
  type WantedCert,
} from './consensus-check.ts'
import { type DirectoryRequest, expectDocument, getDocument } from './directory-client.ts'
import { certsBySigningKeyPath, certsPath, consensusPath } from './directory-requests.ts'
import type { DirectoryConnection, DirectoryConnector } from './directory-source.ts'
import type { DirectorySource } from './directory-sources.ts'
import { nextTurn } from './turns.ts'

/** Connecting, link handshake and the circuit's one hop together; each has its own shorter limit below. */
const CONNECT_LIMIT_MS = 30_000

/** Authorities make their new certificate weeks before the old one ends. */
const CERT_RENEWAL_MS = 7 * 24 * 60 * 60 * 1000
/** A renewal that takes longer can wait for the next consensus. */
const RENEWAL_LIMIT_MS = 10_000

/** What is held before the request: it decides what to ask and what to refuse. */
export interface HeldDirectory {
  readonly trusted: readonly RsaIdentity[]
  readonly certs: readonly AuthorityCert[]
  /** valid-after of the newest verified consensus. */
  readonly validAfterMs: number | undefined
  /** The newest verified consensus itself, when it is at hand: then a diff to it is asked for. */
  readonly base: DiffBase | undefined
  /** Only what is newer than this is worth sending. */
  readonly ifModifiedSinceMs: number | undefined
}

export interface DiffBase {
  readonly bytes: Buffer
  /** SHA3-256 of its signed part. */
  readonly sha3: Buffer
}

export interface FetchParts {
  readonly connector: DirectoryConnector
  readonly clock: Clock
  readonly log: Logger
  readonly onClockEvidence: (evidence: ClockEvidence) => void
  readonly onPhase: (phase: DirectoryPhase) => void
  /** Called at each sign of life, with the bytes of a document that came. */
  readonly onProgress: (bytes: number) => void
}

export interface FetchedConsensus {
  readonly consensus: Consensus
  /** The document as received, for the cache. */
  readonly bytes: Buffer
  /** The held certificates and the new ones. */
  readonly certs: readonly AuthorityCert[]
  /** Still open: the caller closes it. */
  readonly connection: DirectoryConnection
  readonly source: DirectorySource
}

/**
 * Resolves with a consensus that passed every check. Throws `bad-directory`, `malformed` or `limit` for a document
 * that is not to be trusted, `obsolete-client`, `directory-refused` when the source has none, and what reaching the
 * source failed with. On failure the connection is closed.
 */
export async function fetchConsensus(
  source: DirectorySource,
  held: HeldDirectory,
  parts: FetchParts,
  signal: AbortSignal,
): Promise<FetchedConsensus> {
  const connection = await connectToSource(source, parts, signal)
  const requests = linkAbort(signal)
  const close = (): void => connection.close()
  signal.addEventListener('abort', close, { once: true })
  try {
    return await new ConsensusFetch(source, connection, held, parts, requests.signal).run()
  } catch (error) {
    connection.close()
    throw error
  } finally {
    signal.removeEventListener('abort', close)
    requests.stop()
  }
}

/** A connection that is made after the signal has fired is closed, not left behind. */
export function connectToSource(
  source: DirectorySource,
  parts: Pick<FetchParts, 'connector' | 'clock' | 'onPhase' | 'onProgress'>,
  signal: AbortSignal,
): Promise<DirectoryConnection> {
  return withTimeout(parts.clock, CONNECT_LIMIT_MS, 'reaching a directory relay', signal, async (limited) => {
    const connection = await parts.connector.connect(source.target, limited, (phase) => {
      if (limited.aborted) return
      parts.onProgress(0)
      parts.onPhase(phase)
    })
    if (limited.aborted) connection.close()
    return connection
  })
}

/** The Host header's value for a source. */
export function hostOf(source: DirectorySource): string {
  const [endpoint] = source.target.endpoints
  if (endpoint === undefined) throw new TorError('internal', 'a directory source without an address')
  return formatEndpoint(endpoint)
}

class ConsensusFetch {
  readonly #source: DirectorySource
  readonly #connection: DirectoryConnection
  readonly #held: HeldDirectory
  readonly #parts: FetchParts
  readonly #signal: AbortSignal

  constructor(
    source: DirectorySource,
    connection: DirectoryConnection,
    held: HeldDirectory,
    parts: FetchParts,
    signal: AbortSignal,
  ) {
    this.#source = source
    this.#connection = connection
    this.#held = held
    this.#parts = parts
    this.#signal = signal
  }

  get #relay(): RsaIdentity {
    return this.#source.target.ids.rsa
  }

  async run(): Promise<FetchedConsensus> {
    const { clock, onPhase } = this.#parts
    onPhase('requesting-status')
    const certsComing = this.#fetchNewestCerts()
    const { base } = this.#held
    const bytes = await this.#getConsensus(base)
    if (base === undefined || !isConsensusDiff(bytes)) return this.#accept(bytes, certsComing)
    try {
      const full = await runSlices(
        applyConsensusDiffInSlices(base.bytes, base.sha3, bytes),
        clock,
        this.#signal,
      )
      const fetched = await this.#accept(full, certsComing)
      this.#parts.log.info(`A new consensus of ${full.length} bytes came as a diff of ${bytes.length}`)
      return fetched
    } catch (error) {
      throwIfAborted(this.#signal)
      // The document itself is still to be had, here or elsewhere: a diff that is no good proves no ill will.
      this.#parts.log.info('A consensus diff is of no use, asking for the whole: ', toTorError(error).message)
      return this.#accept(await this.#getConsensus(undefined), certsComing)
    }
  }

  #getConsensus(base: DiffBase | undefined): Promise<Buffer> {
    return this.#get(
      consensusPath(this.#held.trusted),
      'a consensus that more than half of our authorities signed',
      {
        onDocument: () => this.#parts.onPhase('loading-status'),
        ifModifiedSinceMs: this.#held.ifModifiedSinceMs,
        diffFrom: base?.sha3,
        isLarge: true,
      },
    )
  }

  async #accept(bytes: Buffer, certsComing: Promise<readonly AuthorityCert[]>): Promise<FetchedConsensus> {
    const { clock, onPhase } = this.#parts
    onPhase('loading-keys')
    const consensus = await runSlices(parseConsensusInSlices(bytes), clock, this.#signal)
    requireNewer(consensus, this.#held.validAfterMs)
    await nextTurn(clock, this.#signal)
    const certs = await this.#verify(consensus, certsComing)
    this.#parts.onClockEvidence(consensusEvidence(consensus, this.#relay, clock.wallMs()))
    requireProtocols(consensus)
    requireTimeliness(consensus, clock.wallMs())
    return { consensus, bytes, certs, connection: this.#connection, source: this.#source }
  }

  /** Returns the certificates, completed where needed; throws unless they verify the consensus. */
  async #verify(
    consensus: Consensus,
    certsComing: Promise<readonly AuthorityCert[]>,
  ): Promise<readonly AuthorityCert[]> {
    const { trusted, certs: held } = this.#held
    const nowMs = this.#parts.clock.wallMs()
    // What is held often suffices: then nobody can hold us up by being slow with certificates.
    if (verifyConsensusSignatures(consensus, held, trusted, nowMs).isEnough) {
      return this.#renewed(held, certsComing)
    }
    const newest = await certsComing
    throwIfAborted(this.#signal)
    const verdict = checkSignatures(consensus, newest, trusted, nowMs)
    if (verdict.kind === 'enough') return newest
    const completed = addCerts(newest, await this.#fetchCertsFor(verdict.wanted), trusted, nowMs)
    requireSignatures(consensus, completed, trusted, nowMs)
    return completed
  }

  /** The held certificates, with successors of those that end soon if they come without much ado. */
  async #renewed(
    held: readonly AuthorityCert[],
    certsComing: Promise<readonly AuthorityCert[]>,
  ): Promise<readonly AuthorityCert[]> {
    const { clock } = this.#parts
    try {
      return await withTimeout(
        clock,
        RENEWAL_LIMIT_MS,
        'renewing certificates',
        this.#signal,
        () => certsComing,
      )
    } catch {
      throwIfAborted(this.#signal)
      return held
    }
  }

  /** Never rejects: whether the certificates suffice is asked when the consensus is there. */
  async #fetchNewestCerts(): Promise<readonly AuthorityCert[]> {
    const { trusted, certs } = this.#held
    const nowMs = this.#parts.clock.wallMs()
    const missing = missingCertIdentities(certs, trusted, nowMs + CERT_RENEWAL_MS)
    if (missing.length === 0) return certs
    return addCerts(certs, await this.#fetchCerts(certsPath(missing)), trusted, nowMs)
  }

  #fetchCertsFor(wanted: readonly WantedCert[]): Promise<readonly AuthorityCert[]> {
    return this.#fetchCerts(certsBySigningKeyPath(wanted))
  }

  async #fetchCerts(path: string): Promise<readonly AuthorityCert[]> {
    try {
      const { certs, rejected } = parseAuthorityCerts(await this.#get(path, 'authority certificates'))
      for (const error of rejected) {
        this.#parts.log.info('A directory relay sent a bad certificate: ', error.message)
      }
      const ofTrusted = certs.filter((cert) => this.#held.trusted.includes(cert.identity))
      if (ofTrusted.length > 0) {
        const { clock, onClockEvidence } = this.#parts
        onClockEvidence(certificateEvidence(ofTrusted, this.#relay, clock.wallMs()))
      }
      return certs
    } catch (error) {
      this.#parts.log.info('Authority certificates could not be fetched: ', toTorError(error).message)
      return []
    }
  }

  async #get(path: string, what: string, more: Partial<DirectoryRequest> = {}): Promise<Buffer> {
    const { clock, onProgress, onClockEvidence } = this.#parts
    const onDate = (dateMs: number): void =>
      onClockEvidence({
        source: 'date',
        relay: this.#relay,
        aheadMs: clock.wallMs() - dateMs,
        precision: 'exact',
        isProof: false,
      })
    const request = { ...more, path, host: hostOf(this.#source), onProgress, onDate }
    return expectDocument(await getDocument(this.#connection, request, clock, this.#signal), what)
  }
}
