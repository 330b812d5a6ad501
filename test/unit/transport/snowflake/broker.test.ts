import { describe, expect, test } from 'vitest'
import { systemRandom } from '../../../../core/crypto/system-random.ts'
import type { WebResponse } from '../../../../core/transport/outside.ts'
import { awsSigningKey, signAwsRequest } from '../../../../core/transport/snowflake/aws-signature.ts'
import { exchangeWithBroker } from '../../../../core/transport/snowflake/broker.ts'
import {
  decodeBrokerAnswer,
  encodeBrokerRequest,
  NoProxyError,
} from '../../../../core/transport/snowflake/broker-messages.ts'
import type { BrokerWay } from '../../../../core/transport/snowflake/snowflake-arguments.ts'
import type { WebQuestion } from '../../../../core/transport/web/web-session.ts'
import type { TorError } from '../../../../core/util/errors.ts'
import { manualClock } from '../../../support/manual-clock.ts'
import { decodeAmpPath, encodeAmpArmor } from '../../../support/snowflake-broker.ts'
import vectors from '../../../vectors/snowflake.json' with { type: 'json' }

const FINGERPRINT = vectors.broker.default_fingerprint
const BROKER = new URL('https://broker.example/')
const FRONTED: BrokerWay = { kind: 'https', broker: BROKER, fronts: ['a.example', 'b.example'] }
const AMP: BrokerWay = {
  kind: 'amp',
  broker: BROKER,
  cache: new URL('https://cdn.cache/'),
  fronts: ['www.front.example'],
}
const QUEUE = new URL('https://sqs.us-east-1.amazonaws.com/893902434899/snowflake-broker')
const SQS: BrokerWay = {
  kind: 'sqs',
  queue: QUEUE,
  region: 'us-east-1',
  credentials: { accessKeyId: 'AKIA123', secretKey: 'secret' },
}
const MESSAGE = Buffer.from('1.0\n{}')

/** Asks by the way; the web answers in turn, the last answer for ever. */
function ask(
  way: BrokerWay,
  ...answers: readonly (readonly [status: number, body: string])[]
): {
  answer: Promise<Buffer>
  questions: WebQuestion[]
  clock: ReturnType<typeof manualClock>
  abort(): void
} {
  const questions: WebQuestion[] = []
  const clock = manualClock()
  const aborter = new AbortController()
  const web = async (question: WebQuestion): Promise<WebResponse> => {
    const [status, body] = answers[Math.min(questions.length, answers.length - 1)] ?? [500, '']
    questions.push(question)
    return { status, body: Buffer.from(body) }
  }
  const answer = exchangeWithBroker(way, MESSAGE, { clock, random: systemRandom, web }, aborter.signal)
  answer.catch(() => {})
  return { answer, questions, clock, abort: () => aborter.abort() }
}

describe('messages', () => {
  test("a request is the version, and JSON with the offer as JSON, as the reference's broker reads it", () => {
    const request = encodeBrokerRequest({ offerSdp: 'v=0\r\n', natType: 'unknown', fingerprint: FINGERPRINT })
    const [version, json = ''] = request.toString().split('\n', 2)
    expect(version).toBe('1.0')
    const { offer, ...rest } = JSON.parse(json) as Readonly<Record<string, string>>
    expect(rest).toEqual({ nat: 'unknown', fingerprint: FINGERPRINT })
    expect(JSON.parse(offer ?? '')).toEqual({ type: 'offer', sdp: 'v=0\r\n' })
  })

  test('an answer holds the description', () => {
    const answer = JSON.stringify({ type: 'answer', sdp: 'v=0' })
    expect(decodeBrokerAnswer(Buffer.from(JSON.stringify({ answer })))).toBe('v=0')
  })

  test.each([
    ['no snowflake proxies currently available', 'no volunteer has a Snowflake proxy free'],
    ['timed out waiting for answer!', 'did not answer in time'],
  ])('that there is none is its own error: %s', (error, words) => {
    const decode = (): string => decodeBrokerAnswer(Buffer.from(JSON.stringify({ error })))
    expect(decode).toThrow(words)
    expect(decode).toThrow(NoProxyError)
  })

  test('nothing of what else a broker says is repeated', () => {
    const decode = (): string => decodeBrokerAnswer(Buffer.from('{"error":"call 555-1234"}'))
    expect(decode).toThrow(/^the Snowflake broker refuses the request$/)
  })

  test.each([
    '',
    'null',
    '[]',
    '{',
    '{}',
    '{"answer":7}',
    '{"answer":"x"}',
    '{"answer":"null"}',
    '{"answer":"{\\"type\\":\\"offer\\",\\"sdp\\":\\"v=0\\"}"}',
    '{"answer":"{\\"type\\":\\"answer\\"}"}',
    '{"__proto__":{"answer":"{}"}}',
  ])('%s is malformed', (text) => {
    expect(() => decodeBrokerAnswer(Buffer.from(text))).toThrow(
      expect.objectContaining({ kind: 'malformed' }),
    )
  })
})

describe('by domain front', () => {
  test('the request goes to one of the fronts, and the broker is named within', async () => {
    const { answer, questions } = ask(FRONTED, [200, 'answer'])
    expect((await answer).toString()).toBe('answer')
    const [{ front, ...question } = { front: undefined }] = questions
    expect(['a.example', 'b.example']).toContain(front)
    const expected = { url: 'https://broker.example/client', method: 'POST', body: MESSAGE, headers: [] }
    expect(question).toEqual({ ...expected, maxResponseBytes: 100_000 })
  })

  test('without fronts the broker is asked itself', async () => {
    const { answer, questions } = ask({ ...FRONTED, fronts: [] }, [200, ''])
    await answer
    expect(questions[0]?.front).toBeUndefined()
  })

  test.each([
    [503, 'no volunteer has a Snowflake proxy free'],
    [504, 'did not answer in time'],
    [302, 'answers 302'],
    [404, 'answers 404'],
  ])('status %i is an error in words', async (status, words) => {
    await expect(ask(FRONTED, [status, 'x']).answer).rejects.toThrow(words)
  })
})

describe('by AMP cache', () => {
  test('the message is in the path, and the answer in a page', async () => {
    const { answer, questions } = ask(AMP, [200, encodeAmpArmor(Buffer.from('{"error":"x"}'))])
    expect((await answer).toString()).toBe('{"error":"x"}')
    const [{ url, front, method, body } = { url: '' }] = questions
    expect({ front, method, body }).toEqual({ front: 'www.front.example', method: 'GET', body: undefined })
    const [, path = ''] =
      /^https:\/\/broker-example\.cdn\.cache\/c\/s\/broker\.example\/amp\/client\/(.*)$/.exec(url) ?? []
    expect(decodeAmpPath(path)).toEqual(MESSAGE)
  })

  test('a redirect, which would lead around the cache, and a page without an answer are errors', async () => {
    await expect(ask(AMP, [301, '']).answer).rejects.toThrow('answers 301')
    await expect(ask(AMP, [200, '<script>location = "/"</script>']).answer).rejects.toThrow('holds no answer')
  })
})

describe('by Amazon SQS', () => {
  /** Lets the pauses between requests pass. */
  async function settle(asked: ReturnType<typeof ask>): Promise<void> {
    for (let round = 0; round < 40; round++) {
      await new Promise(setImmediate)
      asked.clock.advance(3_000)
    }
  }

  function actionOf({ headers }: WebQuestion): string {
    return new Map(headers).get('X-Amz-Target') ?? ''
  }

  const theQueue = JSON.stringify({ QueueUrl: 'https://evil.example/queue' })

  test('the message is put into the queue, and the answer is taken from the one that is made for it', async () => {
    const asked = ask(
      SQS,
      [200, '{"MessageId":"1"}'],
      [400, '{"__type":"QueueDoesNotExist"}'],
      [200, theQueue],
      [200, '{}'],
      [200, JSON.stringify({ Messages: [{ Body: 'answer' }] })],
    )
    await settle(asked)
    expect((await asked.answer).toString()).toBe('answer')
    const { questions } = asked
    expect(questions.map(actionOf)).toEqual(
      ['SendMessage', 'GetQueueUrl', 'GetQueueUrl', 'ReceiveMessage', 'ReceiveMessage'].map(
        (name) => `AmazonSQS.${name}`,
      ),
    )
    const bodies = questions.map(({ body }) => JSON.parse(String(body)) as Record<string, unknown>)
    const clientId = (bodies[0] as { MessageAttributes: { ClientID: { StringValue: string } } })
      .MessageAttributes.ClientID
    expect(bodies[0]).toMatchObject({ QueueUrl: QUEUE.href, MessageBody: MESSAGE.toString() })
    expect(bodies[1]).toEqual({ QueueName: `snowflake-client-${clientId.StringValue}` })
    expect(bodies[3]).toMatchObject({ QueueUrl: 'https://evil.example/queue', MaxNumberOfMessages: 1 })
    // Wherever an answer says that the queue is, it is Amazon that we ask.
    expect(new Set(questions.map(({ url }) => url))).toEqual(
      new Set(['https://sqs.us-east-1.amazonaws.com/']),
    )
    expect(JSON.stringify(questions)).not.toContain('"secret"')
  })

  const failures: readonly (readonly [string, readonly (readonly [number, string])[], string])[] = [
    ['a refused message', [[403, '']], 'does not take the request'],
    [
      'no queue',
      [
        [200, '{}'],
        [400, ''],
      ],
      'has no queue for the answer',
    ],
    [
      'no answer',
      [
        [200, '{}'],
        [200, theQueue],
        [200, '{"Messages":[]}'],
      ],
      'did not answer in time',
    ],
    [
      'a queue that is gone',
      [
        [200, '{}'],
        [200, theQueue],
        [400, ''],
      ],
      'does not give the answer',
    ],
    ['what is not JSON', [[200, 'x']], 'cannot be read'],
  ]

  test.each(failures)('%s is an error in words', async (_, answers, words) => {
    const asked = ask(SQS, ...answers)
    await settle(asked)
    await expect(asked.answer).rejects.toThrow(words)
  })

  test('stopping ends a pause at once', async () => {
    const asked = ask(SQS, [200, '{}'])
    await new Promise(setImmediate)
    asked.abort()
    const error = await asked.answer.catch((thrown: TorError) => thrown)
    expect(error).toMatchObject({ kind: 'aborted' })
    expect(asked.questions).toHaveLength(1)
  })
})

describe("Amazon's signatures", () => {
  const SECRET = 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY'
  const SCOPE = '20150830/us-east-1/iam/aws4_request'

  test("the key is that of Amazon's documentation", () => {
    expect(awsSigningKey(SECRET, SCOPE).toString('hex')).toBe(
      'c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9',
    )
  })

  test("the signature is that of Amazon's documentation", () => {
    const headers = signAwsRequest(
      {
        method: 'GET',
        url: new URL('https://iam.amazonaws.com/?Action=ListUsers&Version=2010-05-08'),
        headers: [['Content-Type', 'application/x-www-form-urlencoded; charset=utf-8']],
        body: Buffer.alloc(0),
        region: 'us-east-1',
        service: 'iam',
      },
      { accessKeyId: 'AKIDEXAMPLE', secretKey: SECRET },
      Date.UTC(2015, 7, 30, 12, 36, 0),
    )
    expect(new Map(headers).get('X-Amz-Date')).toBe('20150830T123600Z')
    expect(new Map(headers).get('Authorization')).toBe(
      `AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/${SCOPE}, SignedHeaders=content-type;host;x-amz-date, Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7`,
    )
  })
})
