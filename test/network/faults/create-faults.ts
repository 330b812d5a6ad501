/** Answers to circuit handshakes that are not what they should be. */
import type { RelayMessage } from '../../../core/cell/relay-message.ts'
import type { RelayReply } from '../../support/relay-side-handshakes.ts'
import type { CreateFault } from './fault.ts'

/** No handshake data is longer: the cell ends before. */
const LONGER_THAN_A_CELL = 600
/** A relay's public key is the first thing in its answer. */
const PUBLIC_KEY_BYTES = 32

/** What a relay says that speaks first, on a stream that nobody has opened. */
export const UNASKED: RelayMessage = { kind: 'data', data: Buffer.from('marked') }
export const UNASKED_STREAM = 7

export interface HandshakeAnswer {
  readonly bytes: Buffer
  /** How long it says that it is. */
  readonly claimedBytes: number
}

/** What goes out, one after the other; without a fault the good answer. */
export function misanswer(
  fault: Exclude<CreateFault, 'destroy' | 'destroy-twice'> | undefined,
  { reply }: RelayReply,
): readonly HandshakeAnswer[] {
  const whole = (bytes: Buffer): HandshakeAnswer => ({ bytes, claimedBytes: bytes.length })
  switch (fault) {
    case undefined:
    case 'other-kind':
    case 'speak-first':
      return [whole(reply)]
    case 'say-nothing':
      return []
    case 'twice':
      return [whole(reply), whole(reply)]
    case 'cut-short':
      return [whole(reply.subarray(0, reply.length / 2))]
    case 'longer-than-its-cell':
      return [{ bytes: reply, claimedBytes: LONGER_THAN_A_CELL }]
    case 'zero-key':
      return [whole(Buffer.concat([Buffer.alloc(PUBLIC_KEY_BYTES), reply.subarray(PUBLIC_KEY_BYTES)]))]
    case 'wrong-proof': {
      const wrong = Buffer.from(reply)
      // Within the proof of every handshake.
      wrong.writeUInt8(wrong.readUInt8(39) ^ 1, 39)
      return [whole(wrong)]
    }
  }
}
