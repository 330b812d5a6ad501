/** Names of web servers: by the system's resolver and address by address, or by the proxy and then by nobody else. */
import { createServer, type Server, type Socket } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { dialName, firstToConnect } from '../../../../core/transport/web/dial-name.ts'
import type { NameLookUp } from '../../../../core/transport/web/look-up-name.ts'
import type { TcpWay } from '../../../../core/transport/tcp-dialler.ts'
import { abortable } from '../../../../core/util/abort.ts'
import { systemClock } from '../../../../core/util/clock.ts'
import { TorError } from '../../../../core/util/errors.ts'
import { manualClock } from '../../../support/manual-clock.ts'

const DIRECT: TcpWay = { proxy: undefined, localAddress: undefined }
const closing: (() => void)[] = []

afterEach(() => {
  for (const close of closing.splice(0)) close()
})

async function listen(host: string, port: number, onSocket: (socket: Socket) => void): Promise<number> {
  const server: Server = createServer((socket) => {
    closing.push(() => socket.destroy())
    socket.on('error', () => {})
    onSocket(socket)
  })
  closing.push(() => server.close())
  await new Promise<void>((resolve) => server.listen(port, host, resolve))
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}

/** What the server is told, and then closes. */
function firstBytes(onBytes: (bytes: Buffer, socket: Socket) => void): (socket: Socket) => void {
  return (socket) => void socket.on('data', (bytes) => onBytes(bytes, socket))
}

function answers(...addresses: readonly string[]): NameLookUp {
  return () => Promise.resolve(addresses)
}

const forbidden: NameLookUp = () => Promise.reject(new Error('a name was looked up here'))

async function dial(
  host: string,
  port: number,
  lookUp: NameLookUp,
  { way = DIRECT, clock = systemClock, signal = new AbortController().signal } = {},
): Promise<Socket> {
  const socket = await dialName(host, port, way, clock, signal, lookUp)
  closing.push(() => socket.destroy())
  return socket
}

async function failure(promise: Promise<unknown>): Promise<TorError> {
  const error: unknown = await promise.catch((thrown: unknown) => thrown)
  if (!(error instanceof TorError)) throw new Error('it did not fail', { cause: error })
  return error
}

test('a name is looked up, and its address dialled', async () => {
  const port = await listen('127.0.0.1', 0, () => {})
  const socket = await dial('front.example', port, answers('127.0.0.1'))
  expect(socket.remoteAddress).toBe('127.0.0.1')
  expect(socket.isPaused()).toBe(true)
})

test('an address that refuses is followed by the next one, and the other family does not wait for the end', async () => {
  const port = await listen('127.0.0.1', 0, () => {})
  const tried = answers(
    '127.0.0.2',
    '127.0.0.3',
    '127.0.0.4',
    '127.0.0.5',
    '127.0.0.6',
    '127.0.0.7',
    '127.0.0.1',
  )
  expect((await failure(dial('front.example', port, tried))).message).toMatch(/ECONNREFUSED/)
  const mixed = answers('127.0.0.2', '127.0.0.1', '::1')
  expect((await dial('front.example', port, mixed)).remoteAddress).toBe('127.0.0.1')
})

test('an address that is silent is not waited for when another answers, and is left then', async () => {
  const clock = manualClock()
  const port = await listen('127.0.0.1', 0, () => {})
  const left: TorError[] = []
  const dialOne = (address: string, signal: AbortSignal): Promise<Socket> => {
    if (address === '127.0.0.1') return dial(address, port, forbidden, { signal })
    return abortable(new Promise<never>(() => {}), signal).catch((error: unknown) => {
      if (error instanceof TorError) left.push(error)
      throw error
    })
  }
  const { signal } = new AbortController()
  const connecting = firstToConnect(['192.0.2.1', '127.0.0.1'], dialOne, clock, signal)
  clock.advance(300)
  expect((await connecting).remoteAddress).toBe('127.0.0.1')
  expect(left).toMatchObject([{ kind: 'aborted' }])
})

test('an IP literal is not looked up', async () => {
  const port = await listen('127.0.0.1', 0, () => {})
  expect((await dial('127.0.0.1', port, forbidden)).remotePort).toBe(port)
})

test.each(['', 'a b', 'a/b', 'a\r\nb', 'ä.example', 'a'.repeat(254)])('%j is no name', async (name) => {
  expect((await failure(dial(name, 80, forbidden))).kind).toBe('bad-config')
})

test('a name that cannot be looked up fails in words without the name', async () => {
  const error = await failure(dialName('front.invalid', 80, DIRECT, systemClock, AbortSignal.timeout(10_000)))
  expect(error.kind).toBe('channel-failed')
  expect(error.message).toMatch(/^looking up the name of the web server failed: E/)
})

test('an abort ends the look-up and the dialling', async () => {
  const aborter = new AbortController()
  const reason = new TorError('aborted', 'enough')
  const slow: NameLookUp = (_, signal) => abortable(new Promise(() => {}), signal)
  const looking = failure(dial('front.example', 80, slow, { signal: aborter.signal }))
  aborter.abort(reason)
  expect(await looking).toBe(reason)
  expect(await failure(dial('front.example', 80, forbidden, { signal: aborter.signal }))).toBe(reason)
})

test('a name whose addresses are of both families leaves from the address of each', async () => {
  const port = await listen('127.0.0.1', 0, () => {})
  const outboundBind = { ipv4: '127.0.0.9', ipv6: '::1' }
  const socket = await dial('front.example', port, answers('127.0.0.1'), { way: { ...DIRECT, outboundBind } })
  // What stays within this machine is bound to nothing.
  expect(socket.localAddress).toBe('127.0.0.1')
})

describe('through a proxy, which is given the name and nobody looks it up here', () => {
  test.each([
    ['socks4', [['0401005000000001', '00', '66726f6e742e6578616d706c65', '00']], ['005a000000000000']],
    [
      'socks5',
      [['050100'], ['05010003', '0d', '66726f6e742e6578616d706c65', '0050']],
      ['0500', '05000001000000000000'],
    ],
  ] as const)('%s', async (kind, expected, replies) => {
    const got: string[] = []
    const port = await listen(
      '127.0.0.1',
      0,
      firstBytes((bytes, socket) => {
        const reply = replies[got.length] ?? ''
        got.push(bytes.toString('hex'))
        socket.write(Buffer.from(reply, 'hex'))
      }),
    )
    const endpoint = { host: '127.0.0.1', port }
    const proxy = kind === 'socks4' ? { kind, endpoint } : { kind, endpoint, credentials: undefined }
    await dial('front.example', 80, forbidden, { way: { proxy, localAddress: undefined } })
    expect(got).toEqual(expected.map((parts) => parts.join('')))
  })

  test('HTTP CONNECT', async () => {
    let got = ''
    const port = await listen(
      '127.0.0.1',
      0,
      firstBytes((bytes, socket) => {
        got += bytes.toString('latin1')
        socket.write('HTTP/1.1 200 OK\r\n\r\n')
      }),
    )
    const proxy = { kind: 'http', endpoint: { host: '127.0.0.1', port }, credentials: undefined } as const
    await dial('front.example', 443, forbidden, { way: { proxy, localAddress: undefined } })
    expect(got).toBe('CONNECT front.example:443 HTTP/1.1\r\nHost: front.example:443\r\n\r\n')
  })

  test('a refusal is about the web server', async () => {
    const port = await listen(
      '127.0.0.1',
      0,
      firstBytes((_, socket) => void socket.write('HTTP/1.1 502 No\r\n\r\n')),
    )
    const proxy = { kind: 'http', endpoint: { host: '127.0.0.1', port }, credentials: undefined } as const
    const error = await failure(
      dial('front.example', 443, forbidden, { way: { proxy, localAddress: undefined } }),
    )
    expect(error).toMatchObject({
      kind: 'channel-failed',
      message: 'the upstream proxy says: the connection to the web server failed',
    })
  })
})
