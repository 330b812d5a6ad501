/** How often, and how fast, one request has circuits built that fail. */
import type { Clock } from '../util/clock.ts'
import { type ErrorKind, FAILURES_OF_RELAYS, type TorError } from '../util/errors.ts'
import type { Random } from '../util/random.ts'
import { LaunchLimit } from './launch-limit.ts'
import type { ExitUsage } from './pool-entry.ts'

/** So many circuits are begun one right after the other; between later ones is a wait, so that no relay sets the pace. */
const PROMPT_TRIES = 4

/** What is more likely the request's fault than the network's is answered with the error after so many. */
const MAX_TRIES = 8

/** What relays on the way do, and an outage. */
const FAILURES_ON_THE_WAY: ReadonlySet<ErrorKind> = new Set([...FAILURES_OF_RELAYS, 'circuit-failed'])

export class RequestTries {
  readonly #limit: LaunchLimit
  /** When its own exit is what fails, whoever named it may know another. */
  readonly #namesExit: boolean
  #failures = 0

  constructor(clock: Clock, random: Random, { exit }: Pick<ExitUsage, 'exit'>) {
    this.#limit = new LaunchLimit(clock, random, PROMPT_TRIES)
    this.#namesExit = exit !== undefined
  }

  /**
   * Whether the request goes on. After an outage it does until its own time is over: relays refuse for a minute to
   * reach whom they could not reach, so that no number of tries is enough.
   */
  noteFailure({ kind }: TorError): boolean {
    this.#failures++
    this.#limit.noteFailure()
    return this.#failures < MAX_TRIES || (!this.#namesExit && FAILURES_ON_THE_WAY.has(kind))
  }

  /** The network is there again. */
  retryNow(): void {
    this.#limit.retryNow()
  }

  /** It has waited its turn for a circuit before, and does not wait it again; not for ever, or others never had one. */
  get goesFirst(): boolean {
    return this.#failures < PROMPT_TRIES
  }

  /** How long it is until another circuit may be begun for it; 0 when it may be now. */
  get waitMs(): number {
    return this.#limit.waitMs
  }
}
