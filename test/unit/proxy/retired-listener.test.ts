/** A listener that a reload replaces or takes away: what was asked for through it goes on, and nothing new begins. */
import { afterEach, describe, expect, test } from 'vitest'
import type { ReadMode } from '../../../core/proxy/app-socket.ts'
import type { ProxyListener } from '../../../core/proxy/proxy-listener.ts'
import { createDeferred } from '../../../core/util/deferred.ts'
import { FakeOpener, type FakeStream } from './fake-opener.ts'
import { App, type ListenChanges, listen, settle, until } from './support.ts'

const listeners: ProxyListener[] = []
const apps: App[] = []

afterEach(async () => {
  for (const app of apps.splice(0)) app.socket.destroy()
  for (const listener of listeners.splice(0)) await listener.close()
})

async function start(opener: FakeOpener, changes: ListenChanges = {}): Promise<ProxyListener> {
  const listener = await listen(opener, changes)
  listeners.push(listener)
  return listener
}

function app(listener: ProxyListener): App {
  const made = new App(listener)
  apps.push(made)
  return made
}

async function streamOf(opener: FakeOpener): Promise<FakeStream> {
  await until(() => opener.streams.length > 0)
  const [stream] = opener.streams
  if (stream === undefined) throw new Error('no stream')
  return stream
}

const SOCKS_CONNECT = `050100 05010003 0b ${Buffer.from('example.com').toString('hex')} 01bb`
const SOCKS_CONNECTED = '0500' + '05000001000000000000'
const GET = 'GET http://example.com/ HTTP/1.1\r\nHost: example.com\r\n\r\n'

describe('a listener that retires', () => {
  test.each<ReadMode>(['lent-buffer', 'data-events'])(
    'frees its port, drops who has asked for nothing, and serves the others to the end (%s)',
    async (readMode) => {
      const opener = new FakeOpener()
      const listener = await start(opener, { readMode })
      const [client, waiting, silent] = [app(listener), app(listener), app(listener)]
      client.sendHex(SOCKS_CONNECT)
      const stream = await streamOf(opener)
      const gate = createDeferred<void>()
      opener.gate = gate.promise
      waiting.sendHex(SOCKS_CONNECT)
      silent.sendHex('0501')
      await until(() => opener.asked.length === 2 && listener.connectionCount === 3)
      let hasEnded = false
      const ended = listener.retire().then(() => (hasEnded = true))
      await start(opener, { readMode, address: { kind: 'tcp', endpoint: listener.endpoint } })
      await until(() => silent.isClosed || silent.hasEnded)
      gate.resolve()
      await until(() => waiting.received.toString('hex') === SOCKS_CONNECTED)
      client.send('more')
      await until(() => stream.writtenText === 'more')
      expect([hasEnded, listener.connectionCount]).toEqual([false, 2])
      for (const opened of opener.streams) opened.closeFromRelay()
      await ended
    },
  )

  test('ends what is left when it closes', async () => {
    const opener = new FakeOpener()
    const listener = await start(opener)
    const client = app(listener)
    client.sendHex(SOCKS_CONNECT)
    const stream = await streamOf(opener)
    const ended = listener.retire()
    await listener.close()
    await until(() => client.hasEnded && stream.destroyedWith !== 'not-destroyed')
    await ended
  })

  test('lets an HTTP answer come to its end, and takes no request after it on that connection', async () => {
    const opener = new FakeOpener()
    const listener = await start(opener, { protocol: 'http' })
    const client = app(listener)
    client.send(GET)
    const stream = await streamOf(opener)
    stream.deliver(Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe'))
    await until(() => client.received.toString('latin1').endsWith('he'))
    client.send(GET)
    await settle()
    void listener.retire()
    stream.deliver(Buffer.from('llo'))
    await until(() => client.hasEnded)
    expect(client.received.toString('latin1')).toMatch(/hello$/)
    expect([client.error, opener.asked.length]).toEqual([undefined, 1])
  })

  test('closes HTTP connections that wait for their next request, and leaves tunnels alone', async () => {
    const opener = new FakeOpener()
    const listener = await start(opener, { protocol: 'http' })
    const [tunnel, idle] = [app(listener), app(listener)]
    tunnel.send('CONNECT a.example:443 HTTP/1.1\r\n\r\n')
    const stream = await streamOf(opener)
    idle.send('GET http://')
    await until(() => listener.connectionCount === 2)
    void listener.retire()
    await until(() => idle.hasEnded)
    tunnel.send('more')
    await until(() => stream.writtenText === 'more')
  })
})
