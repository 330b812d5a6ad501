/**
 * What the core host asks of main for its transports, and what main answers, over a port of their own: HTTPS by
 * Chromium's network stack, and WebRTC. Each side holds what the other says against the schemas here: the host speaks
 * with the whole Internet, and main lends it a browser engine for just this.
 */
import { isIP } from 'node:net'
import * as v from 'valibot'
import { MAX_REQUEST_BYTES, MAX_RESPONSE_BYTES } from './limits.ts'

const MAX_URL_CHARS = 16_384
const MAX_HEADERS = 32
const MAX_HEADER_CHARS = 4_096
const MAX_ICE_SERVERS = 32
const MAX_DETAIL_CHARS = 500

/** What a request says for itself is not the transport's to say. */
const KEPT_FROM_REQUESTS =
  /^(?:host|connection|content-length|transfer-encoding|upgrade|te|trailer|keep-alive|cookie2?|origin|referer|sec-.*|proxy-.*)$/i

const id = v.pipe(v.number(), v.safeInteger(), v.minValue(0))
const port = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(65_535))
const bytes = v.instance(Uint8Array)

const header = v.strictTuple([
  v.pipe(
    v.string(),
    v.maxLength(MAX_HEADER_CHARS),
    v.regex(/^[!#$%&'*+.^`|~\w-]+$/),
    v.check((name) => !KEPT_FROM_REQUESTS.test(name)),
  ),
  v.pipe(v.string(), v.maxLength(MAX_HEADER_CHARS), v.regex(/^[\x20-\x7e]*$/)),
])

/** `url` is what is dialled: with a front, the front's; what the server is to read as Host is said beside it. */
export const webJobSchema = v.strictObject({
  url: v.pipe(v.string(), v.maxLength(MAX_URL_CHARS), v.check(isPlainHttpsUrl)),
  /** As in the Host header. */
  host: v.pipe(v.string(), v.maxLength(260), v.regex(/^[\w.:[\]-]+$/)),
  method: v.picklist(['GET', 'POST']),
  headers: v.pipe(v.array(header), v.maxLength(MAX_HEADERS)),
  body: v.undefinedable(
    v.pipe(
      bytes,
      v.check(({ length }) => length <= MAX_REQUEST_BYTES),
    ),
  ),
  maxResponseBytes: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(MAX_RESPONSE_BYTES)),
})
export type WebJob = v.InferOutput<typeof webJobSchema>

/** Addresses only: Chromium looks up no name. */
const iceServer = v.pipe(v.string(), v.maxLength(64), v.check(isStunAddress))

const hostRequestSchema = v.variant('kind', [
  /** Where in this machine Chromium's connections are taken by the core, and the word that opens this door. */
  v.strictObject({
    kind: v.literal('door'),
    port,
    secret: v.pipe(v.string(), v.regex(/^[\w-]{20,100}$/)),
  }),
  v.strictObject({ kind: v.literal('web'), id, job: webJobSchema }),
  v.strictObject({
    kind: v.literal('peer'),
    id,
    iceServers: v.pipe(v.array(iceServer), v.maxLength(MAX_ICE_SERVERS)),
    label: v.pipe(v.string(), v.maxLength(100)),
    keepsLocalCandidates: v.boolean(),
  }),
  v.strictObject({ kind: v.literal('cancel'), id }),
])
export type HostRequest = v.InferOutput<typeof hostRequestSchema>

const outsideAnswerSchema = v.variant('kind', [
  v.strictObject({
    kind: v.literal('web-answer'),
    id,
    status: v.pipe(v.number(), v.integer(), v.minValue(100), v.maxValue(999)),
    body: bytes,
  }),
  /** A port to the peer's end in the window comes with it. */
  v.strictObject({ kind: v.literal('peer'), id }),
  v.strictObject({
    kind: v.literal('failed'),
    id,
    error: v.picklist(['channel-failed', 'wrong-identity']),
    detail: v.pipe(v.string(), v.maxLength(MAX_DETAIL_CHARS)),
  }),
])
export type OutsideAnswer = v.InferOutput<typeof outsideAnswerSchema>

/** Undefined for what no host of ours asks. */
export function parseHostRequest(message: unknown): HostRequest | undefined {
  const parsed = v.safeParse(hostRequestSchema, message, { abortEarly: true })
  return parsed.success ? parsed.output : undefined
}

/** Likewise. */
export function parseOutsideAnswer(message: unknown): OutsideAnswer | undefined {
  const parsed = v.safeParse(outsideAnswerSchema, message, { abortEarly: true })
  return parsed.success ? parsed.output : undefined
}

/** No user, no password and no fragment; as `URL` prints it. */
function isPlainHttpsUrl(text: string): boolean {
  let url: URL
  try {
    url = new URL(text)
  } catch {
    return false
  }
  return (
    url.protocol === 'https:' &&
    url.username === '' &&
    url.password === '' &&
    !text.includes('#') &&
    url.href === text
  )
}

function isStunAddress(text: string): boolean {
  const [, host = '', portText = ''] = /^stun:(?:\[?)([\da-f.:]+?)(?:\]?):(\d{1,5})$/i.exec(text) ?? []
  return isIP(host) !== 0 && Number(portText) >= 1 && Number(portText) <= 65_535
}
