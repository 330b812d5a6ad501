import { describe, expect, test } from 'vitest'
import { parseBridgeLine } from '../../../../core/linkspec/bridge-line.ts'
import {
  parseSnowflakeArguments,
  type SnowflakeArguments,
} from '../../../../core/transport/snowflake/snowflake-arguments.ts'

const FINGERPRINT = '8838024498816A039FCBBAB14E6F40A0843051FA'
const BROKER = 'url=https://broker.example/'
const QUEUE = 'sqsqueue=https://sqs.us-east-1.amazonaws.com/893902434899/snowflake-broker'

function credentials(value: unknown): string {
  return `sqscreds=${Buffer.from(JSON.stringify(value)).toString('base64')}`
}

const KEY = credentials({ 'aws-access-key-id': 'AKIA123', 'aws-secret-key': 'se/cret' })

function parse(words: string, fingerprint = ''): SnowflakeArguments {
  return parseSnowflakeArguments(parseBridgeLine(`snowflake 192.0.2.3:80 ${fingerprint} ${words}`))
}

test("Tor Browser's line is read whole", () => {
  const ice = ['stun:stun.epygi.com:3478', 'stun:stun.uls.co.za:3478']
  const words = `fingerprint=${FINGERPRINT} url=https://1098762253.rsc.cdn77.org/ fronts=app.datapacket.com,www.datapacket.com ice=${ice.join(',')} utls-imitate=hellorandomizedalpn`
  expect(parse(words, FINGERPRINT)).toEqual({
    way: {
      kind: 'https',
      broker: new URL('https://1098762253.rsc.cdn77.org/'),
      fronts: ['app.datapacket.com', 'www.datapacket.com'],
    },
    fingerprint: FINGERPRINT,
    iceServers: ice,
    maxPeers: 1,
  })
})

describe('the way to the broker', () => {
  test('fronts= counts before front=, and with neither there is no front', () => {
    expect(parse(`${BROKER} front=a.example fronts=b.example,c.example`).way).toMatchObject({
      fronts: ['b.example', 'c.example'],
    })
    expect(parse(`${BROKER} front=a.example`).way).toMatchObject({ fronts: ['a.example'] })
    expect(parse(`${BROKER} front=a.example fronts=`).way).toMatchObject({ fronts: [] })
    expect(parse(BROKER).way).toMatchObject({ fronts: [] })
  })

  test('with ampcache= it leads through the cache', () => {
    const { way } = parse(`${BROKER} ampcache=https://cdn.ampproject.org/ front=www.google.com`)
    expect(way).toEqual({
      kind: 'amp',
      broker: new URL('https://broker.example/'),
      cache: new URL('https://cdn.ampproject.org/'),
      fronts: ['www.google.com'],
    })
  })

  test('with sqsqueue= it is a queue of Amazon, in the region that its address names', () => {
    expect(parse(`${QUEUE} ${KEY}`).way).toEqual({
      kind: 'sqs',
      queue: new URL('https://sqs.us-east-1.amazonaws.com/893902434899/snowflake-broker'),
      region: 'us-east-1',
      credentials: { accessKeyId: 'AKIA123', secretKey: 'se/cret' },
    })
  })

  test('a test network of our own may speak in the clear', () => {
    expect(parse('url=http://127.0.0.1:80/').way.kind).toBe('https')
    expect(parse('url=http://10.1.2.3:8080/').way.kind).toBe('https')
  })
})

describe('the rest', () => {
  test('the bridge is the one that fingerprint= names, else the line, else the first that there was', () => {
    expect(parse(`${BROKER} fingerprint=${FINGERPRINT.toLowerCase()}`).fingerprint).toBe(FINGERPRINT)
    expect(parse(BROKER, FINGERPRINT).fingerprint).toBe(FINGERPRINT)
    expect(parse(BROKER).fingerprint).toBe('2B280B23E1107BB62ABFC40DDCC8824814F80A72')
  })

  test('of ice= only STUN servers over UDP are taken', () => {
    const ice =
      'ice=stun:a.example,turn:b.example:1,stuns:c.example,stun:[2001:db8::1]:3478,stun:,https://d.example'
    expect(parse(`${BROKER} ${ice}`).iceServers).toEqual(['stun:a.example', 'stun:[2001:db8::1]:3478'])
  })

  test.each([
    ['max=3', 3],
    ['max=0', 1],
    ['max=-5', 1],
    ['max=1000', 4],
  ])('%s means %i proxies at a time', (word, expected) => {
    expect(parse(`${BROKER} ${word}`).maxPeers).toBe(expected)
  })

  test('unknown words mean nothing, and of a repeated word the first counts', () => {
    expect(parse(`${BROKER} colour=blue max=2 max=3 utls-nosni=yes`).maxPeers).toBe(2)
  })
})

test.each([
  ['no-broker', '', 'has url= or sqsqueue='],
  ['no-broker', 'ampcache=https://cdn.ampproject.org/', 'has url= or sqsqueue='],
  ['several-ways', `${BROKER} ${QUEUE} ${KEY}`, 'either url= or sqsqueue='],
  ['bad-url', 'url=broker.example', 'url= of a snowflake bridge line is an https: address'],
  ['bad-url', 'url=http://broker.example/', 'an https: address'],
  ['bad-url', 'url=http://8.8.8.8/', 'an https: address'],
  ['bad-url', 'url=ftp://broker.example/', 'an https: address'],
  ['bad-url', 'url=https://me:secret@broker.example/', 'an https: address'],
  ['bad-url', `${BROKER} ampcache=http://cdn.example/`, 'ampcache= of a snowflake'],
  ['bad-front', `${BROKER} front=https://a.example/`, 'are host names'],
  ['bad-front', `${BROKER} fronts=a.example,b_c`, 'are host names'],
  ['bad-sqs', `sqsqueue=https://sqs.example/1/q ${KEY}`, 'an address of Amazon SQS'],
  ['bad-sqs', `sqsqueue=https://sqs.a.amazonaws.com.evil.example/ ${KEY}`, 'an address of Amazon SQS'],
  ['bad-sqs', QUEUE, 'needs a sqscreds='],
  ['bad-sqs', `${QUEUE} sqscreds=!!`, 'needs a sqscreds='],
  ['bad-sqs', `${QUEUE} ${credentials(null)}`, 'needs a sqscreds='],
  [
    'bad-sqs',
    `${QUEUE} ${credentials({ 'aws-access-key-id': 'a b', 'aws-secret-key': 'x' })}`,
    'needs a sqscreds=',
  ],
  [
    'bad-sqs',
    `${QUEUE} ${credentials({ 'aws-access-key-id': 'A', 'aws-secret-key': 7 })}`,
    'needs a sqscreds=',
  ],
  ['bad-fingerprint', `${BROKER} fingerprint=abc`, '40 hexadecimal digits'],
  ['bad-max', `${BROKER} max=many`, 'max= of a snowflake bridge line is a number'],
  ['no-sni', `${BROKER} utls-imitate=hellofirefox_auto utls-nosni=True`, 'cannot be obeyed'],
])('%s: %s is refused in words that carry no part of it', (fault, words, message) => {
  let thrown: unknown
  try {
    parse(words)
  } catch (error) {
    thrown = error
  }
  expect(thrown).toMatchObject({ kind: 'bad-config', fault })
  expect(String(thrown)).toContain(message)
  expect(String(thrown)).not.toMatch(/example|evil|secret|8\.8/)
})

test('what an AMP cache cannot fetch is refused at once', () => {
  const words = 'url=https://broker.example:8443/ ampcache=https://cdn.ampproject.org/'
  expect(() => parse(words)).toThrow('url= has neither a port nor a user')
})
