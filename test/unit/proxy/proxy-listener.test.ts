import { createServer } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import type { StreamHost } from '../../../core/client/stream-target.ts'
import { DEFAULT_APPLICATION_RULES } from '../../../core/proxy/application-rules.ts'
import type { ProxyListener } from '../../../core/proxy/proxy-listener.ts'
import { MAX_READ_BYTES, type ReadMode, WRITE_BUFFER_BYTES } from '../../../core/proxy/app-socket.ts'
import { createDeferred } from '../../../core/util/deferred.ts'
import { TorError, isTorError } from '../../../core/util/errors.ts'
import type { Clock } from '../../../core/util/clock.ts'
import { systemClock } from '../../../core/util/clock.ts'
import { FakeOpener, type FakeStream } from './fake-opener.ts'
import { App, type ListenChanges, listen, settle, until } from './support.ts'

const open: ProxyListener[] = []
const apps: App[] = []

afterEach(async () => {
  for (const app of apps.splice(0)) app.socket.destroy()
  for (const listener of open.splice(0)) await listener.close()
})

async function start(opener: FakeOpener, more: ListenChanges = {}): Promise<ProxyListener> {
  const listener = await listen(opener, more)
  open.push(listener)
  return listener
}

function app(listener: ProxyListener): App {
  const made = new App(listener)
  apps.push(made)
  return made
}

const CONNECT = `050100 05010003 0b ${Buffer.from('example.com').toString('hex')} 01bb`
const CONNECTED = '0500' + '05000001000000000000'

async function connected(
  opener: FakeOpener,
  more: ListenChanges = {},
): Promise<{ listener: ProxyListener; client: App; stream: FakeStream }> {
  const listener = await start(opener, more)
  const client = app(listener)
  client.sendHex(CONNECT)
  await until(() => client.received.length === CONNECTED.length / 2)
  const stream = opener.streams[0]
  if (stream === undefined) throw new Error('no stream')
  return { listener, client, stream }
}

describe.each<ReadMode>(['lent-buffer', 'data-events'])(
  'bytes between application and stream (%s)',
  (readMode) => {
    test('flow both ways and both ends close in good order', async () => {
      const opener = new FakeOpener()
      const { client, stream, listener } = await connected(opener, { readMode })
      client.send('ping')
      await until(() => stream.writtenText === 'ping')
      stream.deliver(Buffer.from('pong'))
      await until(() => client.received.toString('latin1').endsWith('pong'))
      client.socket.end()
      await until(() => stream.hasEnded)
      stream.deliver(Buffer.from('last'))
      stream.endFromRelay()
      stream.closeFromRelay()
      await until(() => client.isClosed && client.hasEnded)
      expect(client.received.toString('latin1').endsWith('ponglast')).toBe(true)
      expect(client.error).toBeUndefined()
      await until(() => listener.connectionCount === 0)
    })

    test('an application that reads slowly holds the stream back within a bound', async () => {
      const opener = new FakeOpener()
      const { client, stream } = await connected(opener, { readMode })
      client.socket.pause()
      const chunk = Buffer.alloc(15_000, 1)
      const total = 3_000
      for (let sent = 0; sent < total; sent++) stream.deliver(chunk)
      await settle()
      expect(stream.isHeldBack).toBe(true)
      // The kernel's two buffers take some megabytes on loopback; far from everything, and what node holds is the bound.
      expect(stream.deliveredBytes).toBeLessThan(total * chunk.length)
      client.socket.resume()
      await until(() => client.socket.bytesRead === CONNECTED.length / 2 + total * chunk.length)
      expect(stream.deliveredBytes).toBe(total * chunk.length)
    })

    test('a stream that takes no more stops the reading of the application', async () => {
      const opener = new FakeOpener()
      const { client, stream } = await connected(opener, { readMode })
      stream.mayWrite = false
      const block = Buffer.alloc(1_000_000, 2)
      for (let sent = 0; sent < 20; sent++) client.send(block)
      await settle()
      const taken = stream.written.reduce((sum, part) => sum + part.length, 0)
      expect(taken).toBeGreaterThan(0)
      expect(taken).toBeLessThanOrEqual(MAX_READ_BYTES)
      stream.drain()
      await until(() => stream.written.reduce((sum, part) => sum + part.length, 0) === 20_000_000)
    })

    test('a stream that fails resets the application, so that a cut answer does not pass for a whole one', async () => {
      const opener = new FakeOpener()
      const { client, stream } = await connected(opener, { readMode })
      stream.closeFromRelay(new TorError('circuit-failed', 'gone'))
      await until(() => client.isClosed)
      expect(client.error?.code).toBe('ECONNRESET')
    })

    test('an application that disappears closes its stream', async () => {
      const opener = new FakeOpener()
      const { client, stream } = await connected(opener, { readMode })
      client.socket.resetAndDestroy()
      await until(() => stream.destroyedWith !== 'not-destroyed')
      expect(isTorError(stream.destroyedWith, 'closed')).toBe(true)
    })

    test('what comes behind the request leaves with it or while the exit connects, and not with the answer', async () => {
      const opener = new FakeOpener()
      const gate = createDeferred<void>()
      opener.gate = gate.promise
      const client = app(await start(opener, { readMode }))
      client.sendHex(`${CONNECT} 61 62`)
      await until(() => opener.asked.length === 1)
      client.send('cd')
      await until(() => opener.begun[0]?.earlyText === 'abcd')
      client.send('ef')
      await until(() => opener.begun[0]?.earlyText === 'abcdef')
      gate.resolve()
      await until(() => opener.streams.length === 1)
      client.send('gh')
      await until(() => opener.streams[0]?.writtenText === 'gh')
      expect(opener.streams[0]?.earlyText).toBe('abcdef')
    })

    test('an application may send its whole input, end, and still get the answer', async () => {
      const opener = new FakeOpener()
      const gate = createDeferred<void>()
      opener.gate = gate.promise
      const client = app(await start(opener, { readMode }))
      client.sendHex(`${CONNECT} 61`)
      client.socket.end()
      await until(() => opener.asked.length === 1)
      await settle()
      gate.resolve()
      await until(() => opener.streams[0]?.hasEnded === true)
      opener.streams[0]?.deliver(Buffer.from('answer'))
      opener.streams[0]?.closeFromRelay()
      await until(() => client.isClosed)
      expect(client.received.toString('latin1').endsWith('answer')).toBe(true)
    })

    test('what an application sends while it waits is held within a bound', async () => {
      const opener = new FakeOpener()
      const gate = createDeferred<void>()
      opener.gate = gate.promise
      opener.mayWrite = false
      const client = app(await start(opener, { readMode }))
      client.sendHex(CONNECT)
      await until(() => opener.asked.length === 1)
      for (let sent = 0; sent < 20; sent++) client.send(Buffer.alloc(1_000_000))
      await settle()
      gate.resolve()
      await until(() => opener.streams.length === 1)
      const [stream] = opener.streams
      if (stream === undefined) throw new Error('no stream')
      await settle()
      const left = (): number =>
        [...stream.early, ...stream.written].reduce((sum, part) => sum + part.length, 0)
      expect(left()).toBeLessThanOrEqual(3 * MAX_READ_BYTES)
      stream.drain()
      await until(() => left() === 20_000_000)
    })
  },
)

test('the write buffer that holds a stream back stays small', () => {
  expect(WRITE_BUFFER_BYTES).toBeLessThanOrEqual(262_144)
})

describe('requests', () => {
  test('reach the client with a checked target and the isolation of their credentials', async () => {
    const opener = new FakeOpener()
    const listener = await start(opener)
    for (const user of ['61', '61', '62']) {
      const client = app(listener)
      client.sendHex(`050102 0101${user}00 05010003 0b ${Buffer.from('EXAMPLE.com').toString('hex')} 0050`)
      await until(() => client.received.length === 14)
    }
    expect(opener.asked[0]?.target).toEqual({ host: 'example.com', port: 80, kind: 'name' })
    const keys = opener.asked.map(({ options }) => options.isolation?.key)
    expect(keys[0]).toBe(keys[1])
    expect(keys[2]).not.toBe(keys[0])
  })

  test('that fail are answered with the code of their cause, and the connection ends', async () => {
    const opener = new FakeOpener()
    opener.failure = new TorError('connection-refused', 'refused')
    const client = app(await start(opener))
    client.sendHex(CONNECT)
    await until(() => client.hasEnded)
    expect(client.received.toString('hex')).toBe('0500' + '05050001000000000000')
  })

  test('for a bad name never reach the client', async () => {
    const opener = new FakeOpener()
    const client = app(await start(opener))
    client.sendHex('050100 05010003 03 61c362 0050')
    await until(() => client.hasEnded)
    expect(client.received.toString('hex')).toBe('0500' + '05010001000000000000')
    expect(opener.asked).toHaveLength(0)
  })

  test('to resolve are answered with the address', async () => {
    const opener = new FakeOpener()
    const client = app(await start(opener))
    client.sendHex(`050100 05f00003 0b ${Buffer.from('example.com').toString('hex')} 0000`)
    await until(() => client.hasEnded)
    expect(client.received.toString('hex')).toBe('0500' + '05000001c00002070000')
    expect(opener.resolved[0]?.host).toBe('example.com')
  })

  test('to connect may use the address that a look-up of the same program was given', async () => {
    const opener = new FakeOpener()
    const listener = await start(opener)
    const asker = app(listener)
    asker.sendHex(`050100 05f00003 0b ${Buffer.from('example.com').toString('hex')} 0000`)
    await until(() => asker.hasEnded)
    const connecting = app(listener)
    connecting.sendHex('050100 05010001 7fc00007 0050')
    await until(() => opener.asked.length === 1)
    const [lookUp, connection] = [opener.resolved[0]?.options, opener.asked[0]?.options]
    expect(connection?.isolation?.key).not.toBe(lookUp?.isolation?.key)
    expect(connection?.mapScope).toBeDefined()
    expect(connection?.mapScope).toBe(lookUp?.mapScope)
  })

  test('by SOCKS4 for a name with IPv6 addresses only are rejected', async () => {
    const opener = new FakeOpener()
    opener.addresses = [{ address: '2001:db8::1', family: 'ipv6', ttlSeconds: 1 }]
    const client = app(await start(opener))
    client.sendHex('04f0 0000 00000001 00 6100')
    await until(() => client.hasEnded)
    expect(client.received.toString('hex')).toBe('005b000000000000')
  })

  test('by HTTP CONNECT become tunnels, through which bytes leave while the exit connects', async () => {
    const opener = new FakeOpener()
    const gate = createDeferred<void>()
    opener.gate = gate.promise
    const client = app(await start(opener, { protocol: 'http' }))
    client.send('CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\nhello')
    await until(() => opener.begun[0]?.earlyText === 'hello')
    client.send(' again')
    await until(() => opener.begun[0]?.earlyText === 'hello again')
    gate.resolve()
    await until(() => client.received.toString().startsWith('HTTP/1.1 200 '))
    expect(opener.streams[0]?.writtenText).toBe('')
  })

  test('are aborted when their application goes away', async () => {
    const opener = new FakeOpener()
    opener.gate = new Promise(() => {})
    const client = app(await start(opener))
    client.sendHex(CONNECT)
    await until(() => opener.asked.length === 1)
    client.socket.destroy()
    await until(() => opener.asked[0]?.options.signal?.aborted === true)
  })

  test('that open just after their application went away are closed again', async () => {
    const opener = new FakeOpener()
    const gate = createDeferred<void>()
    const stubborn = {
      asked: 0,
      async openStream() {
        stubborn.asked++
        await gate.promise
        return opener.openStream({ host: 'a', port: 1, kind: 'name' })
      },
      resolve: () => Promise.reject(new TorError('internal', 'not asked')),
      nameBehind: () => undefined,
      destinationOf: (asked: StreamHost) => asked,
      resolveAddress: () => Promise.reject(new TorError('internal', 'not asked')),
    }
    const listener = await start(opener, { opener: stubborn })
    const client = app(listener)
    client.sendHex(CONNECT)
    await until(() => stubborn.asked === 1)
    client.socket.destroy()
    await until(() => listener.connectionCount === 0)
    gate.resolve()
    await until(() => opener.streams[0]?.destroyedWith !== 'not-destroyed' && opener.streams.length === 1)
  })

  test('end with "timed out" when the client has no answer within the limit', async () => {
    const opener = new FakeOpener()
    opener.gate = new Promise(() => {})
    const client = app(await start(opener, { rules: { ...DEFAULT_APPLICATION_RULES, requestLimitMs: 1 } }))
    client.sendHex(CONNECT)
    await until(() => client.hasEnded)
    expect(client.received.toString('hex')).toBe('0500' + '05060001000000000000')
    expect(opener.asked[0]?.options.signal?.aborted).toBe(true)
  })
})

describe('limits', () => {
  test('one request too many is told so at once, and a place that became free is used again', async () => {
    const opener = new FakeOpener()
    const gate = createDeferred<void>()
    opener.gate = gate.promise
    const listener = await start(opener, { maxWaitingRequests: 1 })
    const [first, second, third] = [app(listener), app(listener), app(listener)]
    first?.sendHex(CONNECT)
    await until(() => opener.asked.length === 1)
    second?.sendHex(CONNECT)
    await until(() => second?.hasEnded === true)
    expect(second?.received.toString('hex')).toBe('0500' + '05010001000000000000')
    gate.resolve()
    await until(() => first?.received.length === 12)
    third?.sendHex(CONNECT)
    await until(() => third?.received.toString('hex') === CONNECTED)
  })

  test('one connection too many is closed', async () => {
    const opener = new FakeOpener()
    const listener = await start(opener, { maxConnections: 1 })
    const kept = app(listener)
    await until(() => listener.connectionCount === 1)
    const dropped = app(listener)
    await until(() => dropped.isClosed || dropped.hasEnded)
    expect(kept.isClosed).toBe(false)
  })

  test('an application that never finishes its handshake is closed', async () => {
    const expire: (() => void)[] = []
    const clock: Clock = {
      ...systemClock,
      setTimer(_delayMs, callback) {
        expire.push(callback)
        return { cancel: () => {} }
      },
    }
    const client = app(await start(new FakeOpener(), { clock }))
    client.sendHex('0501')
    await until(() => expire.length === 1)
    expire[0]?.()
    await until(() => client.isClosed || client.hasEnded)
  })
})

describe('a listener', () => {
  test('shows the port that it was given and frees it when it closes', async () => {
    const listener = await start(new FakeOpener())
    const { host, port } = listener.endpoint
    expect(port).toBeGreaterThan(0)
    await listener.close()
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(port, host, resolve))
    await new Promise((resolve) => server.close(resolve))
  })

  test('ends every connection and aborts every request when it closes', async () => {
    const opener = new FakeOpener()
    const { listener, client, stream } = await connected(opener)
    opener.gate = new Promise(() => {})
    const waiting = app(listener)
    waiting.sendHex(CONNECT)
    await until(() => opener.asked.length === 2)
    await listener.close()
    await until(() => client.hasEnded && waiting.hasEnded)
    await until(() => stream.destroyedWith !== 'not-destroyed')
    expect(opener.asked[1]?.options.signal?.aborted).toBe(true)
  })

  test('says in one error that its address is taken', async () => {
    const first = await start(new FakeOpener())
    await expect(
      listen(new FakeOpener(), { address: { kind: 'tcp', endpoint: first.endpoint } }),
    ).rejects.toSatisfy(
      (thrown: unknown) =>
        isTorError(thrown, 'bad-config') &&
        /cannot listen on 127\.0\.0\.1:\d+: .*EADDRINUSE/.test(thrown.message),
    )
  })

  test('never looks up a name to bind to', async () => {
    await expect(
      listen(new FakeOpener(), { address: { kind: 'tcp', endpoint: { host: 'localhost', port: 0 } } }),
    ).rejects.toSatisfy((thrown: unknown) => isTorError(thrown, 'bad-config'))
  })
})
