/** What happened, in order, for tests that wait for an event instead of for a while. */

interface Waiter<T> {
  readonly accept: (event: T) => boolean
  readonly resolve: (event: T) => void
}

export class EventLog<T> {
  /** Everything, taken or not. */
  readonly all: T[] = []
  #untaken: T[] = []
  #waiters: Waiter<T>[] = []

  push(event: T): void {
    this.all.push(event)
    const waiter = this.#waiters.find(({ accept }) => accept(event))
    if (waiter === undefined) {
      this.#untaken.push(event)
      return
    }
    this.#waiters = this.#waiters.filter((other) => other !== waiter)
    waiter.resolve(event)
  }

  /** The oldest event that nobody has taken and that is accepted; waits for one if need be. */
  take(accept: (event: T) => boolean = () => true): Promise<T> {
    const found = this.#untaken.find(accept)
    if (found !== undefined) {
      this.#untaken = this.#untaken.filter((event) => event !== found)
      return Promise.resolve(found)
    }
    return new Promise((resolve) => this.#waiters.push({ accept, resolve }))
  }
}
