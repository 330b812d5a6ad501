/**
 * Downloads microdescriptors by digest from up to three relays in parallel. One pass over the sources: what none of
 * them has is left to the caller, who decides when to ask again.
 */
import { type Microdescriptors, parseMicrodescriptorsInSlices } from '../netdoc/microdescriptor.ts'
import { runSlices } from '../netdoc/slices.ts'
import { throwIfAborted } from '../util/abort.ts'
import { bytesKey, concatBytes } from '../util/bytes.ts'
import type { Clock } from '../util/clock.ts'
import { TorError, toTorError } from '../util/errors.ts'
import { type LinkedAbort, linkAbort } from '../util/linked-abort.ts'
import type { Logger } from '../util/log.ts'
import { connectToSource, hostOf } from './consensus-fetch.ts'
import { expectDocument, getDocument } from './directory-client.ts'
import { microdescsPath } from './directory-requests.ts'
import type { DirectoryConnection, DirectoryConnector } from './directory-source.ts'
import type { DirectorySource } from './directory-sources.ts'
import { type DownloadJob, JobQueue } from './job-queue.ts'
import { planRequests, selectRows } from './microdescriptor-rows.ts'
import type { SourceRecords } from './source-records.ts'

/** dir-spec 5.2 asks at least three mirrors, so that none sees the whole of what we ask for. */
export const MAX_PARALLEL_RELAYS = 3
/** Two requests under way on each connection hide the round trip between them. */
const REQUESTS_PER_CONNECTION = 2

/** A source, with its connection when there is one already. */
export interface DownloadSource {
  readonly source: DirectorySource
  readonly connection: DirectoryConnection | undefined
}

export interface MicrodescBatch {
  readonly parsed: Microdescriptors
  /** The exact bytes of the documents that were asked for and are of use, back to back, for the cache. */
  readonly bytes: Buffer
}

export interface DownloadParts {
  readonly connector: DirectoryConnector
  readonly clock: Clock
  readonly log: Logger
  /** Called for each reply that has documents we asked for; the digests of all of its rows were verified. */
  readonly onBatch: (batch: MicrodescBatch) => void
  readonly onFailure: (error: TorError) => void
  /** Told how each source fared. */
  readonly records: SourceRecords
  /** What is asked for before all else. */
  readonly urgent?: readonly Buffer[]
}

/**
 * Resolves with the digests that no source had, when every source was asked or everything was found. Rejects only when
 * the signal fires. Connections that it makes are closed; one that it is given is left open.
 */
export async function downloadMicrodescs(
  digests: readonly Buffer[],
  sources: readonly DownloadSource[],
  parts: DownloadParts,
  signal: AbortSignal,
): Promise<readonly Buffer[]> {
  const parallel = Math.min(MAX_PARALLEL_RELAYS, sources.length)
  const queue = new JobQueue(planRequests(digests, parallel, parts.urgent), parts.clock)
  const waitingSources = [...sources]
  const scope = linkAbort(signal)
  const onBatch = (batch: MicrodescBatch): void => {
    parts.onBatch(batch)
    // Who is still sending sends what others were faster with.
    if (queue.isDone) scope.stop()
  }
  const workers = Array.from({ length: Math.min(parallel, queue.count) }, async () => {
    for (let next = waitingSources.shift(); next !== undefined; next = waitingSources.shift()) {
      if (scope.signal.aborted || queue.isDone) return
      await new SourceWorker(next, queue, { ...parts, onBatch }, scope.signal).run()
    }
  })
  await Promise.all(workers)
  scope.stop()
  throwIfAborted(signal)
  return queue.missing()
}

/** Asks one source for the jobs that the queue has for it, until none is left or it fails. */
class SourceWorker {
  readonly #source: DirectorySource
  readonly #given: DirectoryConnection | undefined
  readonly #queue: JobQueue
  readonly #parts: DownloadParts
  readonly #outer: AbortSignal

  constructor(from: DownloadSource, queue: JobQueue, parts: DownloadParts, signal: AbortSignal) {
    this.#source = from.source
    this.#given = from.connection
    this.#queue = queue
    this.#parts = parts
    this.#outer = signal
  }

  /** Never rejects. */
  async run(): Promise<void> {
    const scope = linkAbort(this.#outer)
    let connection: DirectoryConnection | undefined
    try {
      connection = this.#given ?? (await this.#connect(scope.signal))
      await this.#runLoops(connection, scope)
      this.#parts.records.succeed(this.#source)
    } catch (thrown) {
      if (this.#outer.aborted) return
      const error = toTorError(thrown)
      this.#parts.records.fail(this.#source, error, this.#parts.clock.monotonicMs())
      this.#parts.onFailure(error)
    } finally {
      scope.stop()
      if (connection !== this.#given) connection?.close()
    }
  }

  #connect(signal: AbortSignal): Promise<DirectoryConnection> {
    const silent = { onPhase: () => {}, onProgress: () => {} }
    return connectToSource(this.#source, { ...this.#parts, ...silent }, signal)
  }

  /** Rejects with the error of the loop that failed first, once all have ended. */
  async #runLoops(connection: DirectoryConnection, scope: LinkedAbort): Promise<void> {
    const errors: unknown[] = []
    const loops = Array.from({ length: REQUESTS_PER_CONNECTION }, () =>
      this.#work(connection, scope.signal).catch((error: unknown) => {
        errors.push(error)
        scope.stop()
      }),
    )
    await Promise.all(loops)
    if (errors.length > 0) throw errors[0]
  }

  async #work(connection: DirectoryConnection, signal: AbortSignal): Promise<void> {
    for (;;) {
      const job = await this.#queue.take(this.#source, signal)
      if (job === undefined) return
      try {
        await this.#ask(connection, job, signal)
      } finally {
        this.#queue.giveBack(job)
      }
    }
  }

  async #ask(connection: DirectoryConnection, job: DownloadJob, signal: AbortSignal): Promise<void> {
    const { clock, log, onBatch } = this.#parts
    const wanted = new Set(job.missing.map(bytesKey))
    const request = { path: microdescsPath(job.missing), host: hostOf(this.#source), isLarge: true }
    const reply = await getDocument(connection, request, clock, signal)
    // The relay has none of them; it may well have others.
    if (reply.kind === 'not-found') return
    const body = expectDocument(reply, 'microdescriptors')
    const parsed = await runSlices(parseMicrodescriptorsInSlices(body), clock, signal)
    const found = new Set<string>()
    // A companion may have sent some meanwhile: those need no second place in the cache.
    const unsent = new Set(job.missing.map(bytesKey))
    const rows = selectRows(body, parsed, (key) => {
      if (wanted.has(key)) found.add(key)
      return wanted.has(key) && unsent.has(key)
    })
    // What we cannot use, and the consensus lists all the same, is no fault of the source, and nobody has another.
    for (const { digest, reason } of parsed.rejected) {
      const key = bytesKey(digest)
      if (!wanted.has(key) || found.has(key)) continue
      log.info('A microdescriptor of the consensus cannot be used: ', reason)
      found.add(key)
    }
    // What does not match is dropped and blames nobody else's document: a relay must not be able to make us give up
    // on a microdescriptor by sending a bad one beside it.
    const strangers = parsed.count + parsed.rejected.length - found.size
    if (strangers > 0)
      log.info(`A directory relay sent ${strangers} microdescriptors that were not asked for`)
    if (found.size === 0) {
      throw new TorError('bad-directory', 'a relay sent none of the microdescriptors it was asked for')
    }
    const left = job.missing.filter((digest) => !found.has(bytesKey(digest)))
    if (left.length === job.missing.length) return
    job.missing = left
    onBatch({ parsed, bytes: concatBytes(...rows) })
  }
}
