/**
 * What the core host and the page with a WebRTC connection say to one another, directly, over one port for each peer.
 * Bytes go as they are, each array one message of the data channel; the rest is small objects. Each side counts what
 * the other has taken, so that no more than a bounded amount ever waits in the port.
 */
import * as v from 'valibot'
import { MAX_RECEIVED_MESSAGE_BYTES, MAX_SDP_CHARS } from './limits.ts'

const taken = v.strictObject({
  kind: v.literal('taken'),
  bytes: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
})
const sdp = v.pipe(v.string(), v.maxLength(MAX_SDP_CHARS))

const toPeerSchema = v.union([
  v.instance(Uint8Array),
  v.variant('kind', [
    v.strictObject({ kind: v.literal('answer'), sdp }),
    v.strictObject({ kind: v.literal('close') }),
    taken,
  ]),
])
export type ToPeer = v.InferOutput<typeof toPeerSchema>

/** Why a connection ended, as the page may say it: words of our own, none of a stranger. */
export const PEER_ENDS = {
  'no-offer': 'WebRTC could not make an offer',
  'bad-answer': 'the answer is not one to the offer',
  'not-connected': 'the peer could not be reached',
  lost: 'the connection to the peer was lost',
  'closed-by-peer': 'the peer closed the data channel',
  flood: 'the peer sent faster than it could be read',
  'too-long': 'the peer sent a message that is too long',
  text: 'the peer sent text',
} as const
export type PeerEnd = keyof typeof PEER_ENDS

const fromPeerSchema = v.union([
  v.pipe(
    v.instance(Uint8Array),
    v.check(({ length }) => length <= MAX_RECEIVED_MESSAGE_BYTES),
  ),
  v.variant('kind', [
    v.strictObject({ kind: v.literal('offer'), sdp }),
    v.strictObject({ kind: v.literal('open') }),
    v.strictObject({ kind: v.literal('ended'), why: v.picklist(Object.keys(PEER_ENDS) as PeerEnd[]) }),
    taken,
  ]),
])
export type FromPeer = v.InferOutput<typeof fromPeerSchema>

/** Undefined for what our other side never says. */
export function parseToPeer(message: unknown): ToPeer | undefined {
  const parsed = v.safeParse(toPeerSchema, message, { abortEarly: true })
  return parsed.success ? parsed.output : undefined
}

/** Likewise. */
export function parseFromPeer(message: unknown): FromPeer | undefined {
  const parsed = v.safeParse(fromPeerSchema, message, { abortEarly: true })
  return parsed.success ? parsed.output : undefined
}
