/**
 * The obfs4 handshake, client side: bytes in, bytes out. To whoever does not know the bridge's cert both messages are
 * random bytes of random length; a bridge says nothing at all to a client that does not know it.
 */
import {
  generateRepresentableKeyPair,
  publicKeyOfRepresentative,
  REPRESENTATIVE_BYTES,
} from '../../crypto/elligator2.ts'
import { finishObfs4Ntor, OBFS4_AUTH_BYTES, type Obfs4Identity } from '../../crypto/handshake/obfs4-ntor.ts'
import { equalConstantTime } from '../../crypto/constant-time.ts'
import { hmacSha256 } from '../../crypto/hash.ts'
import { TorError } from '../../util/errors.ts'
import { type Random, randomBelow, randomBytes } from '../../util/random.ts'
import { TransportIdentityError } from '../transport-identity-error.ts'
import { FRAME_KEY_BYTES } from './frames.ts'

/** No handshake message is longer: the mark is looked for in so many bytes and no more. */
export const MAX_HANDSHAKE_BYTES = 8192
const MARK_BYTES = 16
const MAC_BYTES = 16
const END_BYTES = MARK_BYTES + MAC_BYTES
const MIN_REQUEST_BYTES = REPRESENTATIVE_BYTES + END_BYTES
const MARK_START = REPRESENTATIVE_BYTES + OBFS4_AUTH_BYTES

/** The shortest request is as long as the shortest answer with the frame that comes with it, which has 45 bytes. */
const SHORTEST_BYTES = MARK_START + END_BYTES + 45
const MIN_PADDING_BYTES = SHORTEST_BYTES - MIN_REQUEST_BYTES
const MAX_PADDING_BYTES = MAX_HANDSHAKE_BYTES - MIN_REQUEST_BYTES

const HOUR_MS = 3_600_000

/** The bridge has proved that it holds the key in the cert. The receiver owns and wipes the keys. */
export interface Obfs4Session {
  readonly toBridge: Buffer
  readonly fromBridge: Buffer
  /** Bytes of the answer; frames follow. */
  readonly usedBytes: number
}

export interface Obfs4Handshake {
  readonly request: Buffer
  /**
   * Reads what the bridge has said so far; undefined while that is not all of the answer. Throws `channel-failed` when
   * it cannot become one, `wrong-identity` when it comes from somebody else.
   */
  onAnswer(received: Buffer): Obfs4Session | undefined
}

/** Draws the keys; to be called before connecting, so that the time it takes is not seen on the wire. */
export function startObfs4Handshake(identity: Obfs4Identity, random: Random, wallMs: number): Obfs4Handshake {
  const x = generateRepresentableKeyPair(random)
  const macKey = Buffer.concat([identity.publicKey, identity.nodeId])
  const mac = (...parts: readonly Uint8Array[]): Buffer => hmacSha256(macKey, ...parts).subarray(0, MAC_BYTES)
  const paddingBytes = MIN_PADDING_BYTES + randomBelow(random, MAX_PADDING_BYTES - MIN_PADDING_BYTES + 1)
  // The bridge takes an hour more or less than its own, and answers with the one that we said.
  const hour = Buffer.from(String(Math.floor(wallMs / HOUR_MS)), 'latin1')
  const marked = Buffer.concat([x.representative, randomBytes(random, paddingBytes), mac(x.representative)])
  return {
    request: Buffer.concat([marked, mac(marked, hour)]),
    onAnswer(received) {
      const end = findEnd(received, mac)
      if (end === undefined) return undefined
      const macStart = end - MAC_BYTES
      const isMacRight = equalConstantTime(
        mac(received.subarray(0, macStart), hour),
        received.subarray(macStart, end),
      )
      const Y = publicKeyOfRepresentative(received.subarray(0, REPRESENTATIVE_BYTES))
      const AUTH = received.subarray(REPRESENTATIVE_BYTES, MARK_START)
      const keys = finishObfs4Ntor(identity, x, Y, AUTH, 2 * FRAME_KEY_BYTES)
      if (!isMacRight || keys === undefined) {
        keys?.fill(0)
        throw new TransportIdentityError(
          'the bridge did not prove in the obfs4 handshake that it has the key in the cert of its line',
        )
      }
      return {
        toBridge: keys.subarray(0, FRAME_KEY_BYTES),
        fromBridge: keys.subarray(FRAME_KEY_BYTES),
        usedBytes: end,
      }
    },
  }
}

/** Where the answer ends, if all of it is there. */
function findEnd(received: Buffer, mac: (...parts: readonly Uint8Array[]) => Buffer): number | undefined {
  if (received.length < REPRESENTATIVE_BYTES) return undefined
  const searched = received.subarray(0, MAX_HANDSHAKE_BYTES - MAC_BYTES)
  const mark = searched.indexOf(mac(received.subarray(0, REPRESENTATIVE_BYTES)), MARK_START)
  if (mark >= 0) return received.length < mark + END_BYTES ? undefined : mark + END_BYTES
  if (received.length < MAX_HANDSHAKE_BYTES) return undefined
  throw new TorError(
    'channel-failed',
    'what the bridge answers is no obfs4 handshake for the cert of its line',
    {
      retry: 'elsewhere',
    },
  )
}
