/**
 * What goes on around the client: its clock's truth, the computer's sleep, the network's absence, the user's. Joins the
 * watchers of each and says what the rest of the client does about it.
 */
import { ExpiredLinkCertificate } from '../channel/link-certs.ts'
import type { ClockEvidence } from '../directory/clock-evidence.ts'
import type { GuardReports } from '../guard/guard-selector.ts'
import type { RsaIdentity } from '../linkspec/relay-ids.ts'
import type { Clock } from '../util/clock.ts'
import type { TorError } from '../util/errors.ts'
import type { Logger } from '../util/log.ts'
import type { Random } from '../util/random.ts'
import { type Watchable, WatchedValue } from '../util/watched-value.ts'
import { type ClockSkew, ClockSkewJudge, describeClockSkew } from './clock-skew.ts'
import type { Dormancy } from './dormancy.ts'
import { type NetworkState, NetworkWatch } from './network-watch.ts'
import { type ClockJump, SleepWatch } from './sleep-watch.ts'

export interface SurroundingsView {
  /** Set when this computer's clock is wrong; nothing but a word to the user follows from it. */
  readonly clockSkew: ClockSkew | undefined
  readonly network: NetworkState
  readonly isDormant: boolean
}

export interface SurroundingsParts {
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  readonly dormancy: Dormancy
  readonly localAddresses: () => string
  /**
   * Circuits and channels of before are not to be trusted with anything new, the failures of guards are forgiven, and
   * the directory looks at its clock. Our two clocks alone lead here: nobody else can bring it about.
   */
  readonly onTimeLost: () => void
  readonly onNetworkBack: () => void
  readonly onDormant: (isDormant: boolean) => void
}

export class Surroundings {
  readonly views: Watchable<SurroundingsView>
  readonly dormancy: Dormancy
  readonly #parts: SurroundingsParts
  readonly #views: WatchedValue<SurroundingsView>
  readonly #skew = new ClockSkewJudge()
  readonly #network: NetworkWatch
  readonly #sleep: SleepWatch
  readonly #stops: (() => void)[]

  constructor(parts: SurroundingsParts) {
    this.#parts = parts
    this.dormancy = parts.dormancy
    this.#network = new NetworkWatch({ ...parts, onBack: parts.onNetworkBack })
    this.#sleep = new SleepWatch(parts.clock, (jump) => this.#onJump(jump))
    this.#views = new WatchedValue(this.#view())
    this.views = this.#views
    const publish = (): void => this.#views.set(this.#view())
    this.#stops = [
      this.#skew.skew.watch((skew) => {
        if (skew !== undefined)
          parts.log.warn(describeClockSkew(skew), '. Tor needs the right time: please set it.')
        publish()
      }),
      this.#network.state.watch(publish),
      this.dormancy.isDormant.watch((isDormant) => {
        publish()
        parts.onDormant(isDormant)
      }),
    ]
  }

  /** A user's request: wakes the client, and ends its patience with a network that is gone. */
  noteRequest(): void {
    this.#sleep.check()
    this.dormancy.noteUse()
    this.#network.noteRequest()
  }

  noteClock(evidence: ClockEvidence): void {
    this.#skew.add(evidence)
  }

  /** A relay's clock, as its NETINFO tells it: how far it is ahead of ours. */
  noteRelayClock(relayAheadMs: number, relay: RsaIdentity): void {
    this.#skew.add({ source: 'netinfo', relay, aheadMs: -relayAheadMs, precision: 'exact', isProof: false })
  }

  /** How an attempt to open a channel ended, to a relay that may be unknown still; undefined is well. */
  noteChannel(relay: RsaIdentity | undefined, error: TorError | undefined): void {
    if (error === undefined) return this.#network.noteSuccess()
    if (this.#sleep.isSuspect()) return
    this.#network.noteFailure(error)
    if (error instanceof ExpiredLinkCertificate && relay !== undefined) {
      const aheadMs = error.expiredForMs
      this.#skew.add({ source: 'link-certificate', relay, aheadMs, precision: 'at-least', isProof: false })
    }
  }

  /** Another way to the network is taken. */
  noteOtherWay(): void {
    this.#network.restart()
  }

  /** The same reports without the failures of a time that was lost: a guard is not to blame for a closed lid. */
  protectGuards(guards: GuardReports): GuardReports {
    return {
      reportChannelAttempt: (relay) => guards.reportChannelAttempt(relay),
      reportChannelSuccess: (relay) => guards.reportChannelSuccess(relay),
      reportChannelFailure: (relay, failure) => {
        if (!this.#sleep.isSuspect()) guards.reportChannelFailure(relay, failure)
      },
    }
  }

  async close(): Promise<void> {
    this.#sleep.stop()
    this.#network.stop()
    for (const stop of this.#stops) stop()
    await this.dormancy.close()
  }

  #onJump(jump: ClockJump): void {
    this.#parts.log.notice(describeJump(jump))
    if (jump.kind !== 'stopped') this.#skew.clear()
    this.#network.forget()
    this.#parts.onTimeLost()
  }

  #view(): SurroundingsView {
    return {
      clockSkew: this.#skew.skew.value,
      network: this.#network.state.value,
      isDormant: this.dormancy.isDormant.value,
    }
  }
}

function describeJump({ kind, ms }: ClockJump): string {
  const seconds = Math.round(ms / 1000)
  switch (kind) {
    case 'slept':
      return `The clock is ${seconds} seconds further than expected, as after sleep: new requests get new circuits`
    case 'stopped':
      return `The program was stopped for ${seconds} seconds: new requests get new circuits`
    case 'set-back':
      return `The clock was set back by ${seconds} seconds: new requests get new circuits`
  }
}
