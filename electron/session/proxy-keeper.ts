/**
 * Brings the system's proxy setting to what is wanted, one step at a time: while a step is under way only the newest
 * wish is kept. A wish that failed is not tried again by itself; the person is told and decides.
 */
import { isDeepStrictEqual } from 'node:util'
import type { SystemProxyPart } from '../parts.ts'

export type ProxyWish = Parameters<SystemProxyPart['apply']>[0]

export class ProxyKeeper {
  readonly #part: Pick<SystemProxyPart, 'apply' | 'restore'>
  #wish: ProxyWish | undefined
  /** What was last brought about, or tried. */
  #done: ProxyWish | undefined
  #work: Promise<void> | undefined

  constructor(part: Pick<SystemProxyPart, 'apply' | 'restore'>) {
    this.#part = part
  }

  /** Undefined wants the old settings back. Resolves when the system is so; rejects when it could not be done. */
  want(wish: ProxyWish | undefined): Promise<void> {
    this.#wish = wish
    this.#work ??= this.#run().finally(() => {
      this.#work = undefined
    })
    return this.#work
  }

  /** After a failure: the same wish is a new one. */
  again(): Promise<void> {
    if (this.#work === undefined) this.#done = undefined
    return this.want(this.#wish)
  }

  async #run(): Promise<void> {
    // A wish that came meanwhile makes a failure of the one before it uninteresting.
    for (let wish = this.#wish; !isDeepStrictEqual(wish, this.#done); wish = this.#wish) {
      this.#done = wish
      try {
        await (wish === undefined ? this.#part.restore() : this.#part.apply(wish))
      } catch (error) {
        if (wish === this.#wish) throw error
      }
    }
  }
}
