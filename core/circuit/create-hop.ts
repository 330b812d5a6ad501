/**
 * Which handshake to use with a relay, what to ask for in it, and the relay crypto and flow control that come of it
 * (tor-spec 5.1, proposals 324 and 332).
 */
import { decodeExtensions, encodeExtensions, type Extension, ExtensionType } from '../cell/extensions.ts'
import type { ClientHandshake } from '../crypto/handshake/client-handshake.ts'
import { startCreateFast } from '../crypto/handshake/create-fast.ts'
import { startNtor } from '../crypto/handshake/ntor.ts'
import { startNtorV3 } from '../crypto/handshake/ntor-v3.ts'
import type { RelayCrypto } from '../crypto/relay-crypto.ts'
import { createTor1RelayCrypto, TOR1_KEY_BYTES } from '../crypto/tor1-relay-crypto.ts'
import { ed25519IdentityBytes, rsaIdentityBytes } from '../linkspec/relay-ids.ts'
import type { ChannelTarget, CircuitTarget } from '../linkspec/relay-target.ts'
import { isAllZero } from '../util/bytes.ts'
import type { Clock } from '../util/clock.ts'
import { createDeferred, type Deferred } from '../util/deferred.ts'
import { malformed, protocolViolation, TorError } from '../util/errors.ts'
import type { Random } from '../util/random.ts'
import { CongestionControl } from './congestion-control.ts'
import type { CongestionParams } from './congestion-params.ts'
import { type CircuitFlowControl, FixedCircuitWindows } from './flow-control.ts'

/** Handshake types of CREATE2 and EXTEND2 (tor-spec 5.1). */
const HTYPE_NTOR = 2
const HTYPE_NTOR_V3 = 3

export interface HopHandshake {
  readonly handshakeType: number
  readonly handshake: ClientHandshake
  /** Set when congestion control was asked for. */
  readonly congestion: CongestionParams | undefined
}

/** The message that answers a handshake. */
export type AnswerKind = 'created2' | 'created-fast' | 'extended2'

/** The answer that a circuit waits for. */
export class AwaitedAnswer {
  readonly answer: AnswerKind
  readonly reply: Deferred<Buffer> = createDeferred()
  /** From the asking to the answer; undefined without a clock, and until then. */
  rttMs: number | undefined
  readonly #clock: Pick<Clock, 'monotonicMs'> | undefined
  readonly #askedMs: number

  /** To be made when the question leaves. */
  constructor(answer: AnswerKind, clock: Pick<Clock, 'monotonicMs'> | undefined) {
    this.answer = answer
    this.#clock = clock
    this.#askedMs = clock?.monotonicMs() ?? 0
  }

  settle(reply: Buffer): void {
    if (this.#clock !== undefined) this.rttMs = this.#clock.monotonicMs() - this.#askedMs
    this.reply.resolve(reply)
  }
}

/** A hop that has been asked for. */
export interface NewHop {
  readonly target: ChannelTarget
  /** For people only. */
  readonly nickname: string
  readonly handshake: ClientHandshake
  readonly congestion: CongestionParams | undefined
  readonly answer: AnswerKind
}

/** What a hop's answer makes of it. */
export interface FinishedHop {
  readonly crypto: RelayCrypto
  readonly flow: CircuitFlowControl
  /** Whether that is congestion control, and not fixed windows. */
  readonly isCongestionAgreed: boolean
}

/**
 * Starts ntor-v3, or ntor with a relay that lacks it. Congestion control is asked of every relay that has it, as C tor
 * does since 0.4.9.12: a relay must not see from the question which place it has. Throws `no-path` for a relay without
 * a usable onion key.
 */
export function startHopHandshake(
  target: CircuitTarget,
  random: Random,
  params: CongestionParams | undefined,
): HopHandshake {
  // A relay that lists a zero key would let anybody on the way play its part (and must not cost a guard its name).
  if (isAllZero(target.ntorKey)) throw new TorError('no-path', 'the relay lists no onion key')
  const { ids, ntorKey } = target
  if (target.hasNtorV3 && ids.ed25519 !== undefined) {
    const congestion = target.hasCongestionControl ? params : undefined
    const asked = congestion === undefined ? [] : [{ type: ExtensionType.CC_REQUEST, body: Buffer.alloc(0) }]
    const clientMessage = encodeExtensions(asked)
    const ed25519Identity = ed25519IdentityBytes(ids.ed25519)
    return {
      handshakeType: HTYPE_NTOR_V3,
      handshake: startNtorV3({ ed25519Identity, ntorKey, clientMessage }, random),
      congestion,
    }
  }
  const handshake = startNtor({ rsaIdentity: rsaIdentityBytes(ids.rsa), ntorKey }, random)
  return { handshakeType: HTYPE_NTOR, handshake, congestion: undefined }
}

/** CREATE_FAST, for one-hop directory circuits to relays whose onion key is unknown; TLS protects them. */
export function startFastHandshake(random: Random): ClientHandshake {
  return startCreateFast(random)
}

/** Checks the relay's answer and makes the hop of it. Throws `wrong-identity`, `malformed`, `protocol-violation`. */
export function finishHopHandshake(
  { handshake, congestion }: Pick<NewHop, 'handshake' | 'congestion'>,
  reply: Uint8Array,
  circuitWindow: number | undefined,
): FinishedHop {
  const { keyMaterial, serverMessage } = handshake.finish(reply, TOR1_KEY_BYTES)
  // Handshakes before ntor-v3 have no message at all.
  const answered = serverMessage.length === 0 ? [] : decodeExtensions(serverMessage)
  const flow = agreedFlow(answered, congestion)
  const crypto = createTor1RelayCrypto(keyMaterial)
  return {
    crypto,
    flow: flow ?? new FixedCircuitWindows(circuitWindow),
    isCongestionAgreed: flow !== undefined,
  }
}

/**
 * Nothing that was not asked for may be answered: it would change the circuit behind our back (TROVE-2026-032). A relay
 * whose increment differs by more than one from the consensus' is not to be used (proposal 324, 10.3): through it, it
 * could mark its circuits.
 */
function agreedFlow(
  answered: readonly Extension[],
  congestion: CongestionParams | undefined,
): CircuitFlowControl | undefined {
  let agreed: CircuitFlowControl | undefined
  for (const { type, body } of answered) {
    if (type !== ExtensionType.CC_RESPONSE || congestion === undefined) {
      throw protocolViolation('the relay answered extensions that were not asked for')
    }
    const [increment] = body
    if (increment === undefined || body.length !== 1) malformed('CC response', '1 byte', body.length)
    if (increment === 0 || Math.abs(increment - congestion.sendmeIncrement) > 1) {
      throw protocolViolation(`the relay wants a SENDME for each ${increment} cells`)
    }
    agreed = new CongestionControl(congestion, increment)
  }
  return agreed
}
