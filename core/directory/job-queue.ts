/** Requests that travel from relay to relay until they are answered in full; shared by the workers of a download. */
import { abortable } from '../util/abort.ts'
import type { Clock } from '../util/clock.ts'
import { createDeferred, type Deferred } from '../util/deferred.ts'
import { type DirectorySource, PATIENCE_MS } from './directory-sources.ts'

export interface DownloadJob {
  /** Digests of the microdescriptors that nobody has sent yet. */
  missing: readonly Buffer[]
  readonly asked: Set<DirectorySource>
  /** So many are being asked at this moment. */
  holders: number
  /** When the latest of them was. */
  takenMs: number
}

export class JobQueue {
  readonly #jobs: readonly DownloadJob[]
  readonly #clock: Clock
  #changed: Deferred<void> = createDeferred()

  constructor(requests: readonly (readonly Buffer[])[], clock: Clock) {
    this.#jobs = requests.map((missing) => ({ missing, asked: new Set(), holders: 0, takenMs: 0 }))
    this.#clock = clock
  }

  get count(): number {
    return this.#jobs.length
  }

  get isDone(): boolean {
    return this.#jobs.every((job) => job.missing.length === 0)
  }

  /** What nobody has sent so far. */
  missing(): Buffer[] {
    return this.#jobs.flatMap((job) => [...job.missing])
  }

  /**
   * The next job that this source was not asked for. While others work on jobs it waits: they may come back, and who is
   * slow, perhaps on purpose, gets a companion for the same job. Undefined when none will come, or none soon and others
   * than this source are left to ask; and when the signal fires. Whoever takes a job gives it back.
   */
  async take(source: DirectorySource, signal: AbortSignal): Promise<DownloadJob | undefined> {
    while (!signal.aborted) {
      const open = this.#jobs.filter((job) => job.missing.length > 0)
      const isNew = (job: DownloadJob): boolean => !job.asked.has(source)
      const free = open.find((job) => job.holders === 0 && isNew(job))
      if (free !== undefined) return this.#give(free, source)
      const held = open.filter((job) => job.holders > 0)
      const [oldest] = (held.some(isNew) ? held.filter(isNew) : held).sort((a, b) => a.takenMs - b.takenMs)
      if (oldest === undefined) return undefined
      const waitMs = oldest.takenMs + PATIENCE_MS - this.#clock.monotonicMs()
      if (waitMs > 0) await this.#change(waitMs, signal)
      else return isNew(oldest) ? this.#give(oldest, source) : undefined
    }
    return undefined
  }

  giveBack(job: DownloadJob): void {
    job.holders -= 1
    this.#wake()
  }

  #give(job: DownloadJob, source: DirectorySource): DownloadJob {
    job.asked.add(source)
    job.holders += 1
    job.takenMs = this.#clock.monotonicMs()
    return job
  }

  /** Resolves when a job comes back, when the time is over, and when the signal fires. */
  async #change(limitMs: number, signal: AbortSignal): Promise<void> {
    const timer = this.#clock.setTimer(limitMs, () => this.#wake())
    await abortable(this.#changed.promise, signal).catch(() => {})
    timer.cancel()
  }

  #wake(): void {
    const changed = this.#changed
    this.#changed = createDeferred()
    changed.resolve()
  }
}
