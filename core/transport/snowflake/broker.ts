/**
 * The ways to the Snowflake broker: a web request whose server's name is hidden behind another's (domain fronting), an
 * AMP cache that fetches it for us, or a queue of Amazon's. Each carries one message there and its answer back.
 */
import { TorError } from '../../util/errors.ts'
import { randomBelow } from '../../util/random.ts'
import type { WebResponse } from '../outside.ts'
import type { TransportParts } from '../transport-parts.ts'
import type { WebQuestion } from '../web/web-session.ts'
import { decodeAmpArmor } from './amp-armor.ts'
import { ampCacheUrl } from './amp-cache-url.ts'
import { encodeAmpPath } from './amp-path.ts'
import { MAX_BROKER_ANSWER_BYTES, noFreeProxy, silentProxy } from './broker-messages.ts'
import type { BrokerWay } from './snowflake-arguments.ts'
import { exchangeBySqs } from './sqs-broker.ts'

/** What the ways need of a transport's tools. */
export type BrokerParts = Pick<TransportParts, 'clock' | 'random' | 'web'>

const OK = 200
/** What older brokers say by status alone. */
const SERVICE_UNAVAILABLE = 503
const GATEWAY_TIMEOUT = 504

/** Rejects with `channel-failed`, `proxy-failed`, `malformed`, or the signal's error. */
export function exchangeWithBroker(
  way: BrokerWay,
  message: Buffer,
  parts: BrokerParts,
  signal: AbortSignal,
): Promise<Buffer> {
  switch (way.kind) {
    case 'https':
      return exchangeByFront(way, message, parts, signal)
    case 'amp':
      return exchangeByAmp(way, message, parts, signal)
    case 'sqs':
      return exchangeBySqs(way, message, parts, signal)
  }
}

async function exchangeByFront(
  { broker, fronts }: BrokerWay & { kind: 'https' },
  message: Buffer,
  parts: BrokerParts,
  signal: AbortSignal,
): Promise<Buffer> {
  const url = new URL('client', broker)
  const response = await parts.web(
    { ...requestTo(url, fronts, parts), method: 'POST', body: message },
    signal,
  )
  checkStatus(response)
  return response.body
}

async function exchangeByAmp(
  { broker, cache, fronts }: BrokerWay & { kind: 'amp' },
  message: Buffer,
  parts: BrokerParts,
  signal: AbortSignal,
): Promise<Buffer> {
  const url = ampCacheUrl(new URL(`amp/client/${encodeAmpPath(message, parts.random)}`, broker), cache)
  const response = await parts.web(
    { ...requestTo(url, fronts, parts), method: 'GET', body: undefined },
    signal,
  )
  // A cache makes 404 of every error, and redirects that would lead around it are not followed.
  checkStatus(response)
  return decodeAmpArmor(response.body.toString('latin1'))
}

function requestTo(
  url: URL,
  fronts: readonly string[],
  { random }: BrokerParts,
): Pick<WebQuestion, 'url' | 'front' | 'headers' | 'maxResponseBytes'> {
  // Another one each time: a censor who has blocked some of them does not end it.
  const front = fronts.length === 0 ? undefined : fronts[randomBelow(random, fronts.length)]
  return { url: url.href, front, headers: [], maxResponseBytes: MAX_BROKER_ANSWER_BYTES }
}

function checkStatus({ status }: WebResponse): void {
  if (status === OK) return
  if (status === SERVICE_UNAVAILABLE) throw noFreeProxy()
  if (status === GATEWAY_TIMEOUT) throw silentProxy()
  throw new TorError('channel-failed', `the Snowflake broker, or who stands before it, answers ${status}`, {
    retry: 'elsewhere',
  })
}
