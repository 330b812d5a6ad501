/** Requests that travel from relay to relay until they are answered in full; shared by the workers of a download. */
import { createDeferred, type Deferred } from '../util/deferred.ts'
import type { DirectorySource } from './directory-sources.ts'

export interface DownloadJob {
  /** Digests of the microdescriptors that nobody has sent yet. */
  missing: readonly Buffer[]
  readonly asked: Set<DirectorySource>
}

export class JobQueue {
  readonly #waiting: DownloadJob[]
  readonly #all: readonly DownloadJob[]
  #inFlight = 0
  #changed: Deferred<void> = createDeferred()

  constructor(requests: readonly (readonly Buffer[])[]) {
    this.#all = requests.map((missing) => ({ missing, asked: new Set<DirectorySource>() }))
    this.#waiting = [...this.#all]
  }

  get count(): number {
    return this.#all.length
  }

  /** What nobody has sent so far. */
  missing(): Buffer[] {
    return this.#all.flatMap((job) => [...job.missing])
  }

  /**
   * The next job that this source was not asked for; while others work on jobs that may come back, it waits. Undefined
   * when none will come. Whoever takes a job gives it back.
   */
  async take(source: DirectorySource): Promise<DownloadJob | undefined> {
    for (;;) {
      const index = this.#waiting.findIndex((job) => job.missing.length > 0 && !job.asked.has(source))
      if (index >= 0) {
        const [job] = this.#waiting.splice(index, 1)
        job?.asked.add(source)
        this.#inFlight += 1
        return job
      }
      if (this.#inFlight === 0) return undefined
      await this.#changed.promise
    }
  }

  giveBack(job: DownloadJob): void {
    this.#waiting.push(job)
    this.#inFlight -= 1
    const changed = this.#changed
    this.#changed = createDeferred()
    changed.resolve()
  }
}
