/**
 * Quits in good order: first the system's old settings come back, confirmed, then the core ends, then the app. A person
 * whose settings could not be put back is kept here once and shown why; a second try, or the system's own wish, goes
 * all the way. The journal of the old settings stays, so the next start puts them back.
 */

export interface QuittingDeps {
  /** Puts everything back and ends the core; false where something could not be put back. Bounded in time. */
  readonly close: () => Promise<boolean>
  /** Shows what is wrong. */
  readonly show: () => void
  /** Ends the process; nothing runs after it. */
  readonly exit: () => void
}

export class Quitting {
  readonly #deps: QuittingDeps
  #isUnderWay = false
  #isForced = false
  #hasFailed = false

  constructor(deps: QuittingDeps) {
    this.#deps = deps
  }

  /** `person` can be told that something is wrong; `system` (a signal, the end of the session) does not wait for that. */
  request(by: 'person' | 'system'): void {
    if (by === 'system' || this.#hasFailed) this.#isForced = true
    if (this.#isUnderWay) return
    this.#isUnderWay = true
    void this.#quit()
  }

  async #quit(): Promise<void> {
    const isClean = await this.#deps.close().catch(() => false)
    this.#isUnderWay = false
    if (isClean || this.#isForced) return this.#deps.exit()
    this.#hasFailed = true
    this.#deps.show()
  }
}
