/**
 * The Snowflake broker by Amazon SQS: the message is put into the broker's queue, and the answer is taken out of one that
 * the broker makes for it.
 */
import { randomBytes } from '../../util/random.ts'
import { TorError } from '../../util/errors.ts'
import { sleep } from '../../util/clock.ts'
import { abortError } from '../../util/abort.ts'
import { signAwsRequest } from './aws-signature.ts'
import type { BrokerParts } from './broker.ts'
import { MAX_BROKER_ANSWER_BYTES, silentProxy } from './broker-messages.ts'
import type { BrokerWay } from './snowflake-arguments.ts'

type SqsWay = BrokerWay & { kind: 'sqs' }
type SqsAction = 'SendMessage' | 'GetQueueUrl' | 'ReceiveMessage'

const CONTENT_TYPE = 'application/x-amz-json-1.0'
/** By which the broker names the queue for the answer. */
const CLIENT_ID_BYTES = 8
/** The queue for the answer does not exist at once, and the answer takes the proxy's time. */
const MAX_TRIES = 5
const TRY_INTERVAL_MS = 1_000
/** Amazon holds a request for an empty queue so long. */
const WAIT_SECONDS = 20
const OK = 200

export async function exchangeBySqs(
  way: SqsWay,
  message: Buffer,
  parts: BrokerParts,
  signal: AbortSignal,
): Promise<Buffer> {
  const clientId = randomBytes(parts.random, CLIENT_ID_BYTES).toString('hex')
  const sent = await callSqs(way, parts, signal, 'SendMessage', {
    QueueUrl: way.queue.href,
    MessageBody: message.toString('utf8'),
    MessageAttributes: { ClientID: { DataType: 'String', StringValue: clientId } },
  })
  if (sent === undefined) throw sqsFailed('does not take the request')
  const queueUrl = await findAnswerQueue(way, parts, signal, `snowflake-client-${clientId}`)
  return receiveAnswer(way, parts, signal, queueUrl)
}

async function findAnswerQueue(
  way: SqsWay,
  parts: BrokerParts,
  signal: AbortSignal,
  name: string,
): Promise<string> {
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    await pause(parts, TRY_INTERVAL_MS, signal)
    const found = await callSqs(way, parts, signal, 'GetQueueUrl', { QueueName: name })
    const url = found?.get('QueueUrl')
    if (typeof url === 'string') return url
  }
  throw sqsFailed('has no queue for the answer: the Snowflake broker has not made one')
}

async function receiveAnswer(
  way: SqsWay,
  parts: BrokerParts,
  signal: AbortSignal,
  queueUrl: string,
): Promise<Buffer> {
  const request = { QueueUrl: queueUrl, MaxNumberOfMessages: 1, WaitTimeSeconds: WAIT_SECONDS }
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const received = await callSqs(way, parts, signal, 'ReceiveMessage', request)
    if (received === undefined) throw sqsFailed('does not give the answer')
    const messages: unknown = received.get('Messages')
    const first: unknown = Array.isArray(messages) ? messages[0] : undefined
    const body: unknown = typeof first === 'object' && first !== null ? Reflect.get(first, 'Body') : undefined
    if (typeof body === 'string') return Buffer.from(body)
    await pause(parts, TRY_INTERVAL_MS * (1 + tries / 2), signal)
  }
  throw silentProxy()
}

/** The fields of the answer; undefined for a refusal. The address is ever that of the line: answers name none. */
async function callSqs(
  { region, credentials }: SqsWay,
  { clock, web }: BrokerParts,
  signal: AbortSignal,
  action: SqsAction,
  fields: Readonly<Record<string, unknown>>,
): Promise<ReadonlyMap<string, unknown> | undefined> {
  const url = new URL(`https://sqs.${region}.amazonaws.com/`)
  const body = Buffer.from(JSON.stringify(fields))
  const headers = [
    ['Content-Type', CONTENT_TYPE],
    ['X-Amz-Target', `AmazonSQS.${action}`],
  ] as const
  const request = { method: 'POST', url, headers, body, region, service: 'sqs' } as const
  const response = await web(
    {
      url: url.href,
      front: undefined,
      method: 'POST',
      headers: signAwsRequest(request, credentials, clock.wallMs()),
      body,
      maxResponseBytes: MAX_BROKER_ANSWER_BYTES,
    },
    signal,
  )
  if (response.status !== OK) return undefined
  try {
    const value: unknown = JSON.parse(response.body.toString('utf8'))
    if (typeof value === 'object' && value !== null) return new Map(Object.entries(value))
  } catch {
    // Told below.
  }
  throw new TorError('malformed', 'the answer of Amazon SQS cannot be read')
}

/** `sleep` rejects with the signal's reason as it is. */
async function pause({ clock }: BrokerParts, delayMs: number, signal: AbortSignal): Promise<void> {
  try {
    await sleep(clock, delayMs, signal)
  } catch {
    throw abortError(signal)
  }
}

function sqsFailed(what: string): TorError {
  return new TorError('channel-failed', `Amazon SQS ${what}`, { retry: 'elsewhere' })
}
