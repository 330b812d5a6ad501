/** How a circuit gets its hops: one question at a time, its answer awaited, and the hop made of it (tor-spec 5.1 to 5.3). */
import type { RelayMessage } from '../cell/relay-message.ts'
import { linkSpecifiersOf } from '../linkspec/link-specifier.ts'
import type { CircuitTarget } from '../linkspec/relay-target.ts'
import { abortable } from '../util/abort.ts'
import { protocolViolation, TorError, toTorError } from '../util/errors.ts'
import type { CircuitDeps } from './circuit-deps.ts'
import type { CircuitWindows } from './circuit-windows.ts'
import {
  type AnswerKind,
  AwaitedAnswer,
  finishHopHandshake,
  type NewHop,
  startHopHandshake,
} from './create-hop.ts'
import type { Hop } from './hop.ts'
import type { RelayEarlyBudget } from './relay-early.ts'

export interface GrowthParts {
  readonly deps: CircuitDeps
  readonly hops: Hop[]
  readonly windows: CircuitWindows
  readonly relayEarly: RelayEarlyBudget
  /** Why the circuit is closed; undefined while it is open. */
  readonly closeError: () => TorError | undefined
  readonly close: (error: TorError) => void
}

export class CircuitGrowth {
  readonly #parts: GrowthParts
  #awaited: AwaitedAnswer | undefined

  constructor(parts: GrowthParts) {
    this.#parts = parts
  }

  /** Whether an answer is awaited. */
  get isAsking(): boolean {
    return this.#awaited !== undefined
  }

  /**
   * The question for one more hop, and a RELAY_EARLY cell set aside for it. Throws the circuit's error, `limit` or
   * `no-path`, and then nothing was asked.
   */
  startExtending(target: CircuitTarget): { readonly hop: NewHop; readonly message: RelayMessage } {
    const { closeError, deps, hops, relayEarly } = this.#parts
    const error = closeError()
    if (error !== undefined) throw error
    if (this.#awaited !== undefined) throw new TorError('internal', 'the circuit is being extended already')
    const before = hops.at(-1)?.target.ids.rsa
    if (target.ids.rsa === before) throw new TorError('no-path', 'a relay twice in a row')
    const { random, extendByEd25519, congestion } = deps
    const { handshakeType, ...started } = startHopHandshake(target, random, congestion?.params)
    const { request } = started.handshake
    const specifiers = linkSpecifiersOf(target, extendByEd25519)
    relayEarly.reserve()
    return {
      hop: { target, nickname: target.nickname, ...started, answer: 'extended2' },
      message: { kind: 'extend2', specifiers, handshakeType, request },
    }
  }

  /** Waits for the answer to what was just sent, and makes the hop of it. When that fails, the circuit is closed. */
  async add(hop: NewHop, signal: AbortSignal | undefined): Promise<void> {
    const { deps, hops, windows, closeError, close } = this.#parts
    const { target, nickname, answer } = hop
    try {
      // The question itself can be too much for the link, which ends the circuit: nothing would ever settle an answer.
      const unsent = closeError()
      if (unsent !== undefined) throw unsent
      const awaited = new AwaitedAnswer(answer, deps.clock)
      this.#awaited = awaited
      const reply = await abortable(awaited.reply.promise, signal)
      const turn = deps.steps?.take()
      if (turn !== undefined) await abortable(turn, signal)
      const { crypto, flow, isCongestionAgreed } = finishHopHandshake(hop, reply, deps.circuitWindow)
      // Whatever came right behind the answer may have ended the circuit before we got here.
      const error = closeError()
      if (error !== undefined) {
        crypto.destroy()
        throw error
      }
      const { rttMs } = awaited
      hops.push({ target, nickname, crypto, hasCongestionControl: isCongestionAgreed, rttMs })
      windows.startAnew(flow, isCongestionAgreed ? deps.congestion : undefined)
    } catch (error) {
      close(toTorError(error, 'circuit-failed', 'adding a hop'))
      throw error
    }
  }

  /** Throws unless this kind of answer is awaited, which it is once. */
  settle({ kind, reply }: { kind: AnswerKind; reply: Buffer }): void {
    const awaited = this.#awaited
    if (awaited?.answer !== kind) throw protocolViolation(`unexpected ${kind}`)
    this.#awaited = undefined
    awaited.settle(reply)
  }

  /** The circuit is closed. */
  giveUp(error: TorError): void {
    this.#awaited?.reply.reject(error)
    this.#awaited = undefined
  }
}
