/**
 * Which handshake to use with a relay, and the relay crypto that comes of it (tor-spec 5.1, proposal 332). ntor-v3 is
 * asked for nothing yet: its extension list is empty.
 */
import { encodeExtensions } from '../cell/extensions.ts'
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
import { protocolViolation, TorError } from '../util/errors.ts'
import type { Random } from '../util/random.ts'

/** Handshake types of CREATE2 and EXTEND2 (tor-spec 5.1). */
const HTYPE_NTOR = 2
const HTYPE_NTOR_V3 = 3

export interface HopHandshake {
  readonly handshakeType: number
  readonly handshake: ClientHandshake
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
  readonly answer: AnswerKind
}

/** Starts ntor-v3, or ntor with a relay that lacks it. Throws `no-path` for a relay without a usable onion key. */
export function startHopHandshake(target: CircuitTarget, random: Random): HopHandshake {
  // A relay that lists a zero key would let anybody on the way play its part (and must not cost a guard its name).
  if (isAllZero(target.ntorKey)) throw new TorError('no-path', 'the relay lists no onion key')
  const { ids, ntorKey } = target
  if (target.hasNtorV3 && ids.ed25519 !== undefined) {
    const clientMessage = encodeExtensions([])
    const ed25519Identity = ed25519IdentityBytes(ids.ed25519)
    return {
      handshakeType: HTYPE_NTOR_V3,
      handshake: startNtorV3({ ed25519Identity, ntorKey, clientMessage }, random),
    }
  }
  const rsaIdentity = rsaIdentityBytes(ids.rsa)
  return { handshakeType: HTYPE_NTOR, handshake: startNtor({ rsaIdentity, ntorKey }, random) }
}

/** CREATE_FAST, for one-hop directory circuits to relays whose onion key is unknown; TLS protects them. */
export function startFastHandshake(random: Random): ClientHandshake {
  return startCreateFast(random)
}

/** Checks the relay's answer and makes the hop's crypto. Throws `wrong-identity`, `malformed`, `protocol-violation`. */
export function finishHopHandshake(handshake: ClientHandshake, reply: Uint8Array): RelayCrypto {
  const { keyMaterial, serverMessage } = handshake.finish(reply, TOR1_KEY_BYTES)
  // We asked for nothing: an answer with extensions would change the circuit behind our back (TROVE-2026-032).
  if (serverMessage.length > 0 && !serverMessage.equals(encodeExtensions([]))) {
    throw protocolViolation('the relay answered extensions that were not asked for')
  }
  return createTor1RelayCrypto(keyMaterial)
}
