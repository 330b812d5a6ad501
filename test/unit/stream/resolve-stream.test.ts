import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { resolveName, resolvePointer } from '../../../core/stream/resolve-stream.ts'
import { type OpenCircuit, openCircuit, openCircuitOn } from '../../network/client-side.ts'
import { FakeNetwork } from '../../network/fake-network.ts'

const RESOLVE = 11
const RESOLVED = 12
const END = 3
const EXIT = 2
const TTL = [0, 0, 1, 44]

let network: FakeNetwork
let open: OpenCircuit

beforeEach(async () => {
  network = await FakeNetwork.start()
  open = await openCircuit(network)
})

afterEach(async () => {
  expect(network.violations).toEqual([])
  await network.close()
})

function answer(type: number, value: readonly number[] | Buffer): Buffer {
  return Buffer.from([type, value.length, ...value, ...TTL])
}

function resolve(...answers: readonly Buffer[]): ReturnType<typeof resolveName> {
  network.script.resolved = () => Buffer.concat(answers)
  return resolveName(open.circuit, 'Example.COM', false)
}

const IPV4 = answer(4, [192, 0, 2, 1])
const IPV6 = answer(6, Buffer.from('20010db8000000000000000000000001', 'hex'))
const LOOPBACK = answer(4, [127, 0, 0, 1])

describe('resolving a name', () => {
  it('gives every address with its family and time to live', async () => {
    expect(await resolve(IPV4, IPV6)).toEqual([
      { address: '192.0.2.1', family: 'ipv4', ttlSeconds: 300 },
      { address: '2001:db8::1', family: 'ipv6', ttlSeconds: 300 },
    ])
    const { body } = await open.relays.messages.take(({ command }) => command === RESOLVE)
    expect(body.toString('latin1')).toBe('example.com\0')
    expect(open.circuit.streamCount).toBe(0)
  })

  it('passes over answers that are no addresses', async () => {
    const answers = [answer(0, Buffer.from('other.example')), answer(0xf0, []), answer(77, [1]), IPV4]
    expect(await resolve(...answers)).toMatchObject([{ address: '192.0.2.1' }])
  })

  it('passes over internal addresses unless they are allowed', async () => {
    expect(await resolve(LOOPBACK, IPV4)).toMatchObject([{ address: '192.0.2.1' }])
    expect(await resolveName(open.circuit, 'example.com', true)).toMatchObject([
      { address: '127.0.0.1' },
      { address: '192.0.2.1' },
    ])
  })

  for (const [what, answers, kind, retry] of [
    ['only internal addresses', [LOOPBACK], 'bad-target', 'never'],
    ['no answer', [], 'resolve-failed', 'never'],
    ['a lasting error', [answer(0xf1, [])], 'resolve-failed', 'never'],
    ['a passing error', [answer(0xf0, [])], 'resolve-failed', 'elsewhere'],
    ['another name', [answer(0, Buffer.from('other.example'))], 'resolve-failed', 'never'],
  ] as const) {
    it(`fails when the exit has ${what}`, async () => {
      await expect(resolve(...answers)).rejects.toMatchObject({ kind, retry })
      expect(open.circuit.isOpen).toBe(true)
    })
  }

  for (const [what, bytes] of [
    ['an IPv4 address of 5 bytes', answer(4, [1, 2, 3, 4, 5])],
    ['an IPv6 address of 4 bytes', answer(6, [1, 2, 3, 4])],
    ['an answer that is cut short', IPV4.subarray(0, 8)],
  ] as const) {
    it(`closes the circuit at ${what}`, async () => {
      await expect(resolve(bytes)).rejects.toMatchObject({ kind: 'malformed' })
      expect((await open.circuit.closed).kind).toBe('malformed')
    })
  }

  it('fails for END, which ends it', async () => {
    network.script.onMessage = ({ command, streamId }, circuit) => {
      if (command === RESOLVE) circuit.send(EXIT, END, streamId, Buffer.of(2))
      return command === RESOLVE
    }
    await expect(resolve()).rejects.toMatchObject({ kind: 'resolve-failed', retry: 'elsewhere' })
    expect(open.circuit.streamCount).toBe(0)
    expect(open.circuit.isOpen).toBe(true)
  })

  it('closes the circuit at a second answer', async () => {
    network.script.onMessage = ({ command, streamId }, circuit) => {
      const cells = [1, 2].map(() => circuit.seal(EXIT, RESOLVED, streamId, IPV4))
      if (command === RESOLVE) circuit.link.write(...cells)
      return command === RESOLVE
    }
    await resolve()
    expect((await open.circuit.closed).kind).toBe('protocol-violation')
  })

  it('closes the circuit at CONNECTED', async () => {
    network.script.onMessage = ({ command, streamId }, circuit) => {
      if (command === RESOLVE) circuit.send(EXIT, 4, streamId)
      return command === RESOLVE
    }
    await expect(resolve()).rejects.toMatchObject({ kind: 'protocol-violation' })
  })

  it('ends at the signal, and takes one answer that comes late', async () => {
    network.script.onMessage = ({ command }) => command === RESOLVE
    const controller = new AbortController()
    const resolving = resolveName(open.circuit, 'example.com', false, controller.signal)
    const { streamId } = await open.relays.messages.take(({ command }) => command === RESOLVE)
    controller.abort()
    await expect(resolving).rejects.toMatchObject({ kind: 'aborted' })
    network.script.onMessage = () => false
    open.relays.send(EXIT, RESOLVED, streamId, IPV4)
    await resolve(IPV4)
    expect(open.circuit.isOpen).toBe(true)
    open.relays.send(EXIT, RESOLVED, streamId, IPV4)
    expect((await open.circuit.closed).kind).toBe('protocol-violation')
  })

  it('is refused on a circuit of one hop', async () => {
    const oneHop = await openCircuitOn(open, { hops: 1 })
    await expect(resolveName(oneHop.circuit, 'example.com', false)).rejects.toMatchObject({
      kind: 'internal',
    })
    expect(oneHop.relays.messages.all).toEqual([])
  })

  it('fails with the circuit', async () => {
    network.script.onMessage = ({ command }) => command === RESOLVE
    const resolving = resolveName(open.circuit, 'example.com', false)
    await open.relays.messages.take(({ command }) => command === RESOLVE)
    open.relays.destroy(9)
    await expect(resolving).rejects.toMatchObject({ kind: 'circuit-failed' })
  })
})

describe('what an exit says of an answer’s age', () => {
  for (const [said, believed] of [
    [0, 60],
    [59, 60],
    [300, 300],
    [3_601, 3_600],
    [0xffff_ffff, 3_600],
  ] as const) {
    it(`is believed to be ${believed} s when it is ${said} s`, async () => {
      const ttl = Buffer.alloc(4)
      ttl.writeUInt32BE(said)
      expect(await resolve(Buffer.concat([Buffer.of(4, 4, 192, 0, 2, 1), ttl]))).toMatchObject([
        { ttlSeconds: believed },
      ])
    })
  }
})

describe('resolving an address', () => {
  const pointer = (...answers: readonly Buffer[]): ReturnType<typeof resolvePointer> => {
    network.script.resolved = () => Buffer.concat(answers)
    return resolvePointer(open.circuit, '192.0.2.1')
  }
  const name = (text: string): Buffer => answer(0, Buffer.from(text, 'latin1'))

  for (const [address, asked] of [
    ['192.0.2.1', '1.2.0.192.in-addr.arpa'],
    ['2001:db8::1', `1.${'0.'.repeat(23)}8.b.d.0.1.0.0.2.ip6.arpa`],
  ] as const) {
    it(`asks for ${asked.slice(0, 24)} and gives the name`, async () => {
      network.script.resolved = () => name('Host.Example.COM.')
      expect(await resolvePointer(open.circuit, address)).toEqual([
        { name: 'host.example.com', ttlSeconds: 300 },
      ])
      const { body } = await open.relays.messages.take(({ command }) => command === RESOLVE)
      expect(body.toString('latin1')).toBe(`${asked}\0`)
      expect(open.circuit.streamCount).toBe(0)
    })
  }

  it('gives each name once', async () => {
    const names = await pointer(name('a.example'), name('A.example'), name('b.example'))
    expect(names.map((found) => found.name)).toEqual(['a.example', 'b.example'])
  })

  it('TROVE-2026-035: passes over names that no host on the Internet has', async () => {
    const bad = [
      '',
      '.',
      'a..example',
      'a b.example',
      'a/b.example',
      '-',
      '-rf.example',
      '<script>.example',
      '127.0.0.1',
      'evil.0x7f',
      'localhost',
      'printer.local',
      'abc.onion',
      'www.example.com.nickname.exit',
      `${'a'.repeat(64)}.example`,
    ]
    const names = await pointer(...bad.map(name), name('good.example'))
    expect(names.map((found) => found.name)).toEqual(['good.example'])
    const long = 'a.'.repeat(126)
    await expect(pointer(name(`${long}aa`))).rejects.toMatchObject({ kind: 'resolve-failed' })
  })

  it('believes no address where a name was asked for', async () => {
    await expect(pointer(IPV4, IPV6)).rejects.toMatchObject({ kind: 'resolve-failed' })
    expect(open.circuit.isOpen).toBe(true)
  })

  it('fails when the exit knows no name', async () => {
    await expect(pointer(answer(0xf1, []))).rejects.toMatchObject({ kind: 'resolve-failed', retry: 'never' })
    await expect(pointer(answer(0xf0, []))).rejects.toMatchObject({ retry: 'elsewhere' })
  })
})
