/** What a client and the Snowflake broker say to each other, version 1.0, whatever carries it. */
import { TorError } from '../../util/errors.ts'
import type { NatType } from './session-description.ts'

export interface BrokerRequest {
  readonly offerSdp: string
  readonly natType: NatType
  /** The bridge that the proxy is to lead to: 40 hexadecimal digits. */
  readonly fingerprint: string
}

/** A description of a session is a few kilobytes; the reference client reads no more either. */
export const MAX_BROKER_ANSWER_BYTES = 100_000

const VERSION = '1.0'

/** The broker's own words for the two things that it is asked to say. */
const NO_PROXIES = 'no snowflake proxies currently available'
const NO_ANSWER = 'timed out waiting for answer!'

/** A broker that has no proxy to give now; everything else that it says is an error of its own or of ours. */
export class NoProxyError extends TorError {
  constructor(message: string) {
    super('channel-failed', message, { retry: 'later' })
  }
}

export const noFreeProxy = (): NoProxyError =>
  new NoProxyError('no volunteer has a Snowflake proxy free for us now')
export const silentProxy = (): NoProxyError =>
  new NoProxyError('the Snowflake proxy that was found for us did not answer in time')

export function encodeBrokerRequest({ offerSdp, natType, fingerprint }: BrokerRequest): Buffer {
  const offer = JSON.stringify({ type: 'offer', sdp: offerSdp })
  return Buffer.from(`${VERSION}\n${JSON.stringify({ offer, nat: natType, fingerprint })}`)
}

/**
 * The SDP of the proxy's answer. Throws `NoProxyError`, `channel-failed` for what else the broker refuses, or
 * `malformed`. Nothing of what a broker says is repeated.
 */
export function decodeBrokerAnswer(bytes: Buffer): string {
  const { answer, error } = fieldsOf(bytes.toString('utf8'), 'the answer of the Snowflake broker')
  if (error === NO_PROXIES) throw noFreeProxy()
  if (error === NO_ANSWER) throw silentProxy()
  if (typeof error === 'string' && error !== '') {
    throw new TorError('channel-failed', 'the Snowflake broker refuses the request', { retry: 'elsewhere' })
  }
  if (typeof answer !== 'string') throw malformedText('the answer of the Snowflake broker')
  const { type, sdp } = fieldsOf(answer, "the Snowflake proxy's answer")
  if (type !== 'answer' || typeof sdp !== 'string') throw malformedText("the Snowflake proxy's answer")
  return sdp
}

function fieldsOf(text: string, what: string): Readonly<Record<string, unknown>> {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw malformedText(what)
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw malformedText(what)
  return Object.fromEntries(Object.entries(value))
}

function malformedText(what: string): TorError {
  return new TorError('malformed', `${what} cannot be read`)
}
