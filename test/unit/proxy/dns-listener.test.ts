import { createSocket, type Socket } from 'node:dgram'
import { type DecodedPacket, decode, encode, type Question } from 'dns-packet'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { DnsListener, type DnsListenerDeps } from '../../../core/proxy/dns-listener.ts'
import { DEFAULT_ISOLATION } from '../../../core/proxy/request-isolation.ts'
import { parseAddressPolicy } from '../../../core/util/address-policy.ts'
import { systemClock } from '../../../core/util/clock.ts'
import { createDeferred } from '../../../core/util/deferred.ts'
import { TorError } from '../../../core/util/errors.ts'
import { silentLogger } from '../../../core/util/log.ts'
import { FakeOpener } from './fake-opener.ts'

const ISOLATION = { ...DEFAULT_ISOLATION, sessionGroup: 'dns' }

let opener: FakeOpener
let listener: DnsListener
let app: DnsApp

/** A program that asks, from a port of its own. */
class DnsApp {
  readonly #socket: Socket = createSocket('udp4')
  readonly #waiting = new Map<number, (reply: DecodedPacket & { rcode?: string }) => void>()
  readonly raw: Buffer[] = []
  #nextId = 1

  constructor() {
    this.#socket.on('message', (bytes) => {
      this.raw.push(bytes)
      const reply = decode(bytes)
      this.#waiting.get(reply.id ?? -1)?.(reply)
    })
  }

  ask(type: Question['type'], name: string): Promise<DecodedPacket & { rcode?: string }> {
    const id = this.#nextId++
    const answered = new Promise<DecodedPacket & { rcode?: string }>((resolve) =>
      this.#waiting.set(id, resolve),
    )
    this.send(encode({ type: 'query', id, flags: 0x100, questions: [{ type, name }] }))
    return answered
  }

  send(packet: Buffer): void {
    const { host, port } = listener.endpoint
    this.#socket.send(packet, port, host)
  }

  close(): void {
    this.#socket.close()
  }
}

const RULES = { socksPolicy: undefined, requestLimitMs: 60_000 }

function listen(changes: Partial<DnsListenerDeps> = {}): Promise<DnsListener> {
  return DnsListener.listen(
    { endpoint: { host: '127.0.0.1', port: 0 }, isolation: ISOLATION },
    {
      opener,
      clock: systemClock,
      log: silentLogger,
      rules: RULES,
      ...changes,
    },
  )
}

beforeEach(async () => {
  opener = new FakeOpener()
  listener = await listen()
  app = new DnsApp()
})

afterEach(async () => {
  app.close()
  await listener.close()
})

describe('a DNS port', () => {
  it('answers A, AAAA and PTR through the client', async () => {
    opener.addresses = [
      { address: '192.0.2.7', family: 'ipv4', ttlSeconds: 60 },
      { address: '2001:db8::7', family: 'ipv6', ttlSeconds: 120 },
    ]
    const a = await app.ask('A', 'A.example')
    expect([a.rcode, a.answers]).toMatchObject([
      'NOERROR',
      [{ data: '192.0.2.7', ttl: 60, name: 'A.example' }],
    ])
    expect((await app.ask('AAAA', 'a.example')).answers).toMatchObject([{ data: '2001:db8::7', ttl: 120 }])
    expect((await app.ask('PTR', '7.2.0.192.in-addr.arpa')).answers).toMatchObject([{ data: 'name.example' }])
    expect(opener.resolved.map(({ host }) => host)).toEqual(['a.example', 'a.example', '192.0.2.7'])
  })

  it('says with an empty answer that a name has no such address, and NXDOMAIN that there is none', async () => {
    const empty = await app.ask('AAAA', 'a.example')
    expect([empty.rcode, empty.answers]).toEqual(['NOERROR', []])
    opener.failure = new TorError('resolve-failed', 'no such name', { retry: 'never' })
    expect((await app.ask('A', 'a.example')).rcode).toBe('NXDOMAIN')
    opener.failure = new TorError('timeout', 'no answer')
    expect((await app.ask('A', 'a.example')).rcode).toBe('SERVFAIL')
  })

  it('does not ask the network for what it cannot answer', async () => {
    expect((await app.ask('MX', 'a.example')).rcode).toBe('NOTIMP')
    expect((await app.ask('TXT', 'a.example')).rcode).toBe('NOTIMP')
    expect((await app.ask('PTR', 'a.example')).rcode).toBe('NXDOMAIN')
    expect(opener.resolved).toEqual([])
  })

  it('remembers nothing: the same question goes to the network again', async () => {
    await app.ask('A', 'a.example')
    await app.ask('A', 'a.example')
    expect(opener.resolved.length).toBe(2)
  })

  it('isolates as its listener says, and lets what it maps be used from elsewhere', async () => {
    await app.ask('A', 'a.one.example')
    await app.ask('A', 'b.one.example')
    await app.ask('A', 'two.example.org')
    const [first, second, third] = opener.resolved.map(({ options }) => options)
    expect(first?.isolation?.key).toBe(second?.isolation?.key)
    expect(first?.isolation?.key).not.toBe(third?.isolation?.key)
    expect(first?.mapScope).toBe(third?.mapScope)
  })

  it('answers a question once that is asked again while it waits', async () => {
    const gate = createDeferred<void>()
    opener.gate = gate.promise
    const packet = encode({ type: 'query', id: 77, questions: [{ type: 'A', name: 'a.example' }] })
    app.send(packet)
    app.send(packet)
    const other = app.ask('A', 'b.example')
    await waitUntil(() => opener.resolved.length === 2)
    gate.resolve()
    await other
    await app.ask('A', 'c.example')
    expect(app.raw.length).toBe(3)
  })

  it('holds a bounded number of questions for one client, and tells the others to come again', async () => {
    opener.gate = createDeferred<void>().promise
    const asked = Array.from({ length: 128 }, (_, index) => app.ask('A', `${index}.a.example`))
    expect(asked.length).toBe(128)
    await waitUntil(() => listener.outstandingCount === 128)
    expect((await app.ask('A', 'one.more.example')).rcode).toBe('SERVFAIL')
    expect(listener.outstandingCount).toBe(128)
    await listener.close()
    await waitUntil(() => listener.outstandingCount === 0)
  })

  it('stands after any packet, and is silent about what is no question', async () => {
    for (let length = 0; length < 40; length++) {
      app.send(Buffer.alloc(length, 0xff))
      app.send(Buffer.alloc(length, 0x00))
    }
    app.send(encode({ type: 'response', id: 5, questions: [{ type: 'A', name: 'a.example' }] }))
    expect((await app.ask('A', 'a.example')).rcode).toBe('NOERROR')
    expect(app.raw.length).toBe(1)
  })

  it('answers nobody whom the policy does not let in', async () => {
    await listener.close()
    listener = await listen({
      rules: { ...RULES, socksPolicy: parseAddressPolicy(['reject *'], 'SocksPolicy') },
    })
    const refused = new DnsApp()
    void refused.ask('A', 'a.example')
    const other = await listen()
    const open = listener
    listener = other
    await app.ask('A', 'b.example')
    listener = open
    await other.close()
    expect(refused.raw).toEqual([])
    expect(opener.resolved.map(({ host }) => host)).toEqual(['b.example'])
    refused.close()
  })

  it('cannot be had on a name, or where somebody else listens', async () => {
    const on = (host: string, port: number): Promise<DnsListener> =>
      DnsListener.listen(
        { endpoint: { host, port }, isolation: ISOLATION },
        {
          opener,
          clock: systemClock,
          log: silentLogger,
          rules: RULES,
        },
      )
    await expect(on('localhost', 0)).rejects.toMatchObject({ kind: 'bad-config' })
    await expect(on('127.0.0.1', listener.endpoint.port)).rejects.toMatchObject({ kind: 'bad-config' })
  })

  it('closes more than once without harm', async () => {
    await listener.close()
    await listener.close()
  })
})

async function waitUntil(isMet: () => boolean): Promise<void> {
  while (!isMet()) await new Promise((resolve) => setImmediate(resolve))
}
