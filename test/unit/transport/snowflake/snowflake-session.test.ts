import { randomBytes } from 'node:crypto'
import { Duplex } from 'node:stream'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { systemRandom } from '../../../../core/crypto/system-random.ts'
import { parseBridgeLine } from '../../../../core/linkspec/bridge-line.ts'
import { NO_OUTSIDE } from '../../../../core/transport/outside.ts'
import { parseSnowflakeArguments } from '../../../../core/transport/snowflake/snowflake-arguments.ts'
import { SnowflakeSession } from '../../../../core/transport/snowflake/snowflake-session.ts'
import { snowflakeTransport } from '../../../../core/transport/snowflake/snowflake-transport.ts'
import { type TransportParts, transportParts } from '../../../../core/transport/transport-parts.ts'
import { TorError } from '../../../../core/util/errors.ts'
import { FakeVolunteers } from '../../../support/fake-volunteers.ts'
import { type ManualClock, manualClock } from '../../../support/manual-clock.ts'
import { SnowflakeSessions } from '../../../support/snowflake-server.ts'

const LINE =
  'snowflake 192.0.2.3:80 url=https://broker.example/ ice=stun:a.example,stun:b.example,stun:c.example'

/** What stands behind the server: keeps what it is sent, and sends what a test writes. */
class Bridge extends Duplex {
  readonly received: Buffer[] = []
  isEnded = false
  constructor() {
    super({ allowHalfOpen: true })
    this.on('finish', () => (this.isEnded = true))
  }
  override _read(): void {}
  override _write(chunk: Buffer, _: string, done: () => void): void {
    this.received.push(chunk)
    done()
  }
}

let clock: ManualClock
let bridges: Bridge[]
let sessions: SnowflakeSessions
let volunteers: FakeVolunteers
let aborter: AbortController
const opened: Duplex[] = []

beforeEach(() => {
  clock = manualClock()
  bridges = []
  sessions = new SnowflakeSessions(() => {
    const bridge = new Bridge()
    bridges.push(bridge)
    return bridge
  }, clock)
  volunteers = new FakeVolunteers(sessions)
  aborter = new AbortController()
})

afterEach(() => {
  for (const stream of opened.splice(0)) stream.destroy()
  sessions.forget()
})

function connect(
  words = '',
  changed: Partial<Pick<TransportParts, 'way' | 'outside'>> = {},
): Promise<Duplex> {
  const way = { proxy: undefined, localAddress: undefined }
  const outside = { ...NO_OUTSIDE, connectPeer: volunteers.connectPeer }
  const all = transportParts(changed.way ?? way, changed.outside ?? outside, { clock, random: systemRandom })
  const parts: TransportParts = { ...all, web: volunteers.web }
  const connecting = snowflakeTransport.connect(parseBridgeLine(`${LINE} ${words}`), parts, aborter.signal)
  connecting.then((stream) => opened.push(stream)).catch(() => {})
  return connecting
}

/** Lets what is under way go on, for so long by the clock. */
async function pass(ms: number, stepMs = 10): Promise<void> {
  for (let passed = 0; passed < ms; passed += stepMs) {
    for (let turn = 0; turn < 4; turn++) await new Promise(setImmediate)
    clock.advance(stepMs)
  }
  await new Promise(setImmediate)
}

async function open(words = ''): Promise<Duplex> {
  const connecting = connect(words)
  await pass(100)
  return connecting
}

async function failure(connecting: Promise<unknown>): Promise<TorError> {
  const error: unknown = await connecting.catch((thrown: unknown) => thrown)
  if (!(error instanceof TorError)) throw new Error('it did not fail', { cause: error })
  return error
}

function theBridge(): Bridge {
  const [bridge] = bridges
  if (bridge === undefined) throw new Error('no session has reached the bridge')
  return bridge
}

function receivedBy(stream: Duplex): Buffer[] {
  const received: Buffer[] = []
  stream.on('data', (bytes: Buffer) => received.push(bytes))
  return received
}

function closed(stream: Duplex): Promise<Error | null> {
  return new Promise((resolve) => stream.once('close', () => resolve(stream.errored)))
}

describe('a session', () => {
  test('carries bytes both ways and the end, and leaves nothing open', async () => {
    const stream = await open()
    const [up, down] = [randomBytes(700_000), randomBytes(900_000)]
    const received = receivedBy(stream)
    stream.write(up)
    theBridge().push(down)
    await pass(3_000)
    expect(Buffer.concat(theBridge().received).equals(up)).toBe(true)
    expect(Buffer.concat(received).equals(down)).toBe(true)
    const isClosed = closed(stream)
    stream.end()
    theBridge().push(null)
    await pass(200)
    expect(await isClosed).toBeNull()
    expect(theBridge().isEnded).toBe(true)
    expect(volunteers.latest.isClosed).toBe(true)
  })

  test('asks the broker with an offer that tells nothing of our network, and with half of the STUN servers', async () => {
    await open()
    const [offer] = volunteers.offers
    expect(offer?.iceServers).toHaveLength(2)
    expect(offer?.keepsLocalCandidates).toBe(false)
    expect(offer?.label).toMatch(/^snowflake-[0-9a-f]{16}$/)
    const body = String(volunteers.questions[0]?.body)
    expect(body).toContain('93.184.216.34')
    expect(body).not.toContain('192.168')
  })

  test('goes on where it was when its proxy leaves in the middle of a transfer', async () => {
    const stream = await open()
    const [up, down] = [randomBytes(2_000_000), randomBytes(2_000_000)]
    const received = receivedBy(stream)
    stream.write(up)
    theBridge().push(down)
    for (let round = 0; round < 3; round++) {
      await pass(40)
      volunteers.latest.leave()
      await pass(11_000, 50)
    }
    await pass(4_000)
    expect(Buffer.concat(theBridge().received).equals(up)).toBe(true)
    expect(Buffer.concat(received).equals(down)).toBe(true)
    expect(sessions.count).toBe(1)
    expect(volunteers.volunteers).toHaveLength(4)
    expect(volunteers.openOffers).toBe(4)
  })

  test('replaces a proxy that has been silent for twenty seconds', async () => {
    const stream = await open()
    volunteers.latest.isSilent = true
    await pass(19_000, 100)
    expect(volunteers.latest.isClosed).toBe(false)
    await pass(4_000, 100)
    expect(volunteers.volunteers).toHaveLength(2)
    expect(volunteers.volunteers[0]?.isClosed).toBe(true)
    stream.write('hello')
    await pass(200)
    expect(Buffer.concat(theBridge().received).toString()).toBe('hello')
  })

  test('keeps a proxy while nothing but keep-alives pass', async () => {
    await open()
    await pass(120_000, 100)
    expect(volunteers.volunteers).toHaveLength(1)
  })

  test('replaces a proxy that says much and takes nothing to the bridge', async () => {
    const stream = await open()
    const [first] = volunteers.volunteers
    if (first === undefined) throw new Error('no volunteer')
    first.swallows = true
    stream.write('hello')
    for (let second = 0; second < 34; second++) {
      first.bring(Buffer.from('0000', 'hex'))
      await pass(1_000, 100)
    }
    expect(first.isClosed).toBe(true)
    await pass(500)
    expect(Buffer.concat(theBridge().received).toString()).toBe('hello')
  })

  test('is over when the server does not know it any more', async () => {
    const stream = await open()
    sessions.forget()
    // It takes what it is sent for the middle of a session that it waits for the beginning of.
    stream.write(randomBytes(10_000))
    const isClosed = closed(stream)
    for (let second = 0; second < 130; second++) {
      volunteers.latest.bring(Buffer.from('00', 'hex'))
      await pass(1_000, 100)
    }
    expect(String(await isClosed)).toContain('does not know')
  })

  test('is over when no proxy has brought anything for ten minutes', async () => {
    const stream = await open()
    volunteers.brokerError = 'no snowflake proxies currently available'
    const isClosed = closed(stream)
    volunteers.latest.leave()
    await pass(605_000, 500)
    expect(String(await isClosed)).toContain('ten minutes')
    // Asked at least ten seconds apart, and up to a minute.
    expect(volunteers.questions.length).toBeLessThan(40)
    expect(volunteers.questions.length).toBeGreaterThan(10)
  })

  test('with max= holds proxies in reserve, and uses one of them at once', async () => {
    const stream = await open('max=2')
    await pass(25_000, 100)
    expect(volunteers.volunteers).toHaveLength(2)
    expect(volunteers.volunteers[1]?.received).toBe(0)
    volunteers.volunteers[0]?.leave()
    stream.write('hello')
    await pass(100)
    expect(Buffer.concat(theBridge().received).toString()).toBe('hello')
    await pass(12_000, 100)
    expect(volunteers.volunteers).toHaveLength(3)
  })
})

describe('back-pressure', () => {
  test('what the bridge sends is taken only as the reader reads', async () => {
    const stream = await open()
    theBridge().push(randomBytes(5_000_000))
    await pass(2_000)
    stream.read(1)
    await pass(2_000)
    // One window, and what the stream itself has buffered.
    expect(stream.readableLength).toBeLessThan(1_400_000)
    const received = receivedBy(stream)
    await pass(5_000)
    expect(Buffer.concat(received).length).toBe(5_000_000 - 1)
  })

  test('a writer waits while the bridge takes nothing', async () => {
    const stream = await open()
    theBridge()._write = () => {}
    let written = 0
    const write = (): void => {
      while (written < 5_000_000 && stream.write(Buffer.alloc(50_000))) written += 50_000
    }
    stream.on('drain', write)
    write()
    await pass(3_000)
    expect(written).toBeLessThan(1_000_000)
  })

  test('a data channel that is full is sent nothing more until it has room', async () => {
    const stream = await open()
    const { latest } = volunteers
    latest.isFull = true
    stream.write(randomBytes(200_000))
    await pass(500)
    const sent = latest.received
    expect(sent).toBeLessThan(40_000)
    await pass(5_000)
    expect(latest.received).toBe(sent)
    latest.drain()
    await pass(2_000)
    expect(Buffer.concat(theBridge().received)).toHaveLength(200_000)
  })
})

describe('connecting fails in words', () => {
  test('where there is no WebRTC, or a proxy that it would go around', async () => {
    const noWebRtc = await failure(connect('', { outside: NO_OUTSIDE }))
    expect(noWebRtc.kind).toBe('bad-config')
    expect(String(noWebRtc)).toContain('has no WebRTC')
    const proxy = {
      kind: 'socks5',
      endpoint: { host: '127.0.0.1', port: 9 },
      credentials: undefined,
    } as const
    const behindProxy = await failure(connect('', { way: { proxy, localAddress: undefined } }))
    expect(behindProxy.kind).toBe('bad-config')
    expect(String(behindProxy)).toContain('go around the proxy')
    expect(volunteers.offers).toEqual([])
  })

  test('when the broker has no proxy for us, after some tries', async () => {
    volunteers.brokerError = 'no snowflake proxies currently available'
    const connecting = failure(connect())
    await pass(46_000, 100)
    expect((await connecting).message).toContain('no volunteer has a Snowflake proxy free')
    expect(volunteers.questions.length).toBeGreaterThan(1)
    expect(volunteers.openOffers).toBe(0)
  })

  test('soon when the broker refuses, or cannot be asked', async () => {
    volunteers.brokerError = 'who?'
    const connecting = failure(connect())
    await pass(11_000, 100)
    expect((await connecting).message).toBe('the Snowflake broker refuses the request')
    expect(volunteers.questions).toHaveLength(2)
  })

  test('when the proxies that are found cannot be reached', async () => {
    volunteers.acceptError = new TorError('channel-failed', 'the data channel did not open')
    const connecting = failure(connect())
    await pass(46_000, 100)
    expect((await connecting).message).toBe('the data channel did not open')
    expect(volunteers.openOffers).toBe(0)
  })

  test('when no answer names an address that may be used', async () => {
    volunteers.answerSdp = volunteers.answerSdp.replace('8.8.8.8', '192.168.0.1')
    const connecting = failure(connect())
    await pass(46_000, 100)
    expect((await connecting).message).toContain('names no public address')
    expect(volunteers.volunteers).toEqual([])
  })

  test('when proxies are there and the server behind them stands still', async () => {
    sessions.isStalled = true
    const connecting = failure(connect())
    await pass(46_000, 100)
    expect((await connecting).message).toContain('led to the bridge')
    expect(volunteers.volunteers.every(({ isClosed }) => isClosed)).toBe(true)
  })

  test('at once when the line or the program can never do it', async () => {
    volunteers.offerError = new TorError('bad-config', 'WebRTC is switched off')
    const connecting = failure(connect())
    await pass(50)
    expect((await connecting).message).toBe('WebRTC is switched off')
  })

  test('with the error of whoever stops it, and leaves nothing open', async () => {
    sessions.isStalled = true
    const connecting = failure(connect())
    await pass(100)
    aborter.abort(new TorError('aborted', 'stopped by the user'))
    expect((await connecting).message).toBe('stopped by the user')
    expect(volunteers.latest.isClosed).toBe(true)
    aborter = new AbortController()
    aborter.abort(new TorError('aborted', 'too late'))
    expect((await failure(connect())).message).toBe('too late')
  })
})

describe('a hostile proxy', () => {
  test('that speaks before its turn is not listened to', async () => {
    const stream = await open('max=2')
    await pass(15_000, 100)
    volunteers.volunteers[1]?.bring(Buffer.from('ffffffff', 'hex'))
    await pass(100)
    expect(volunteers.volunteers[1]?.isClosed).toBe(false)
    expect(stream.destroyed).toBe(false)
  })

  test('that sends no packets is left, and the session goes on', async () => {
    const stream = await open()
    volunteers.latest.bring(Buffer.from('ffffffff', 'hex'))
    await pass(12_000, 100)
    expect(volunteers.volunteers[0]?.isClosed).toBe(true)
    stream.write('hello')
    await pass(200)
    expect(Buffer.concat(theBridge().received).toString()).toBe('hello')
  })

  test('that sends any bytes whatever neither ends the program nor fills its memory', async () => {
    const stream = await open()
    const before = process.memoryUsage().arrayBuffers
    for (let round = 0; round < 200; round++) {
      volunteers.latest.bring(randomBytes(60_000))
      await pass(10)
    }
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(60_000_000)
    stream.destroy()
  })
})

test('a server that sends for ever and takes nothing ends the session, not the program', () => {
  // Found by fuzzing: what the session owes the server is written from timers and from the reader, where nobody catches.
  const failures: TorError[] = []
  const args = parseSnowflakeArguments(parseBridgeLine(LINE))
  const { connectPeer, web } = volunteers
  const session = new SnowflakeSession(
    { args, connectPeer, web, keepsLocalCandidates: false, clock, random: systemRandom },
    {
      onOpen: () => {},
      onData: () => {},
      onRoom: () => {},
      onEnd: () => {},
      onTryFailed: () => {},
      onFailed: (error) => failures.push(error),
    },
  )
  for (let windows = 0; windows < 100_000 && failures.length === 0; windows++) session.onConsumed(524_288)
  expect(failures.map(({ kind }) => kind)).toEqual(['limit'])
  session.onConsumed(524_288)
  session.close()
})
