/**
 * Brings the system's proxy setting to what is wanted, one step at a time: while a step is under way only the newest
 * wish is kept. A wish that failed is not tried again by itself; the person is told and decides.
 */
import { isDeepStrictEqual } from 'node:util'
import type { SystemProxyPart } from '../parts.ts'

export type ProxyWish = Parameters<SystemProxyPart['apply']>[0]

/** Undefined wants the old settings back. Each resolves when the system is so, and rejects when it could not be done. */
export class ProxyKeeper {
  readonly #part: Pick<SystemProxyPart, 'apply' | 'restore'>
  #wish: ProxyWish | undefined
  /** What was last brought about, or tried. */
  #done: ProxyWish | undefined
  #hasFailed = false
  #work: Promise<void> | undefined

  constructor(part: Pick<SystemProxyPart, 'apply' | 'restore'>) {
    this.#part = part
  }

  /** Nobody asks: what was done or has failed already is left as it is. */
  follow(wish: ProxyWish | undefined): Promise<void> {
    return this.#bring(wish, false)
  }

  /** Also where the same wish has failed before. */
  want(wish: ProxyWish | undefined): Promise<void> {
    return this.#bring(wish, this.#hasFailed)
  }

  /** Also where it was done: something else may have changed the setting since. What is under way counts for it. */
  again(wish: ProxyWish | undefined): Promise<void> {
    return this.#bring(wish, true)
  }

  #bring(wish: ProxyWish | undefined, isDue: boolean): Promise<void> {
    this.#wish = wish
    if (this.#work !== undefined) return this.#work
    if (!isDue && isDeepStrictEqual(wish, this.#done)) return Promise.resolve()
    this.#work = this.#run()
    return this.#work
  }

  async #run(): Promise<void> {
    try {
      do await this.#step(this.#wish)
      while (!isDeepStrictEqual(this.#wish, this.#done))
    } finally {
      // In the same turn as the last look at the wish: one that comes later finds nothing under way.
      this.#work = undefined
    }
  }

  async #step(wish: ProxyWish | undefined): Promise<void> {
    this.#done = wish
    try {
      await (wish === undefined ? this.#part.restore() : this.#part.apply(wish))
      this.#hasFailed = false
    } catch (error) {
      this.#hasFailed = true
      // Another wish that came meanwhile makes the failure of this one uninteresting.
      if (isDeepStrictEqual(wish, this.#wish)) throw error
    }
  }
}
