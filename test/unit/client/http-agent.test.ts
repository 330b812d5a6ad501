import dns from 'node:dns'
import { generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import http, { type IncomingMessage } from 'node:http'
import https, { type RequestOptions } from 'node:https'
import net, { type AddressInfo } from 'node:net'
import tls from 'node:tls'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { isolationKey } from '../../../core/circuit-manager/isolation.ts'
import { TorHttpAgent, TorHttpsAgent } from '../../../core/client/http-agent.ts'
import { createDeferred } from '../../../core/util/deferred.ts'
import { selfSignedCertificate, toPem } from '../../network/der-writer.ts'
import type { FakeStream, StreamService } from '../../network/fake-stream.ts'
import { type ServedNetwork, serveNetwork } from './stream-service-support.ts'

const DAY_MS = 86_400_000
const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const certificate = toPem(
  selfSignedCertificate(privateKey, {
    commonName: 'a.example',
    notBeforeMs: Date.now() - DAY_MS,
    notAfterMs: Date.now() + DAY_MS,
  }),
)

let served: ServedNetwork

beforeEach(async () => {
  served = await serveNetwork()
})

afterEach(async () => {
  vi.restoreAllMocks()
  vi.unstubAllEnvs()
  expect(served.network.violations).toEqual([])
  await served.network.close()
})

/** A web server behind the exit: says which request it got. */
const webServer: StreamService = (stream) => {
  let head = ''
  stream.onBytes = (bytes) => {
    head += bytes.toString('latin1')
    if (!head.includes('\r\n\r\n')) return
    const body = `${stream.target} ${head.slice(0, head.indexOf('\r\n'))}`
    stream.send(Buffer.from(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`))
    stream.end()
  }
  stream.connect()
}

const httpAgent = (isolation?: string): TorHttpAgent =>
  new TorHttpAgent({
    opener: served.service,
    clock: served.clock,
    ...(isolation !== undefined && { isolation: { key: isolationKey([isolation]), keepsAlive: false } }),
  })

async function text(message: IncomingMessage): Promise<string> {
  let all = ''
  for await (const chunk of message) all += String(chunk)
  return all
}

function get(options: http.RequestOptions): Promise<string> {
  return new Promise((resolve, reject) => {
    http
      .get({ host: 'a.example', path: '/x', ...options }, (message) => resolve(text(message)))
      .on('error', reject)
  })
}

describe('an HTTP agent', () => {
  it('sends each request over a stream of its own, and dials nothing', async () => {
    served.network.script.service = webServer
    const dial = vi.spyOn(net.Socket.prototype, 'connect')
    const lookup = vi.spyOn(dns, 'lookup')
    for (const name of ['HTTP_PROXY', 'http_proxy', 'ALL_PROXY']) vi.stubEnv(name, 'http://127.0.0.1:9')
    vi.stubEnv('NODE_USE_ENV_PROXY', '1')
    const agent = httpAgent()
    expect(await get({ agent })).toBe('a.example:80 GET /x HTTP/1.1')
    expect(await get({ agent, port: 8_080 })).toBe('a.example:8080 GET /x HTTP/1.1')
    expect(served.usages.length).toBe(2)
    expect(Object.keys(agent.freeSockets)).toEqual([])
    expect([dial.mock.calls, lookup.mock.calls]).toEqual([[], []])
  })

  it('belongs to one isolation', async () => {
    served.network.script.service = webServer
    await get({ agent: httpAgent('one') })
    await get({ agent: httpAgent('two') })
    expect(served.usages.map(({ isolation }) => isolation)).toEqual([
      isolationKey(['one']),
      isolationKey(['two']),
    ])
  })

  it('fails when the stream cannot be had, and tries no other way', async () => {
    served.network.script.service = (stream) => stream.abort(Buffer.of(3))
    const dial = vi.spyOn(net.Socket.prototype, 'connect')
    await expect(get({ agent: httpAgent() })).rejects.toMatchObject({ kind: 'connection-refused' })
    await expect(get({ agent: httpAgent(), host: 'localhost' })).rejects.toMatchObject({ kind: 'bad-target' })
    expect(dial.mock.calls).toEqual([])
  })

  it.each([
    ['ends the stream in the breath that opens it', (stream: FakeStream) => stream.end()],
    ['breaks it off in the breath that opens it', (stream: FakeStream) => stream.abort(Buffer.of(12))],
    ['sends something before it was asked', (stream: FakeStream) => stream.send(Buffer.from('220 hello'))],
  ])('is told of an exit that %s, and the process goes on', async (_what, then) => {
    served.network.script.service = (stream) => {
      stream.connect()
      then(stream)
    }
    const [error] = await Promise.allSettled([get({ agent: httpAgent() })])
    expect(error).toMatchObject({ status: 'rejected' })
  })

  it('refuses options that would lead around the network', async () => {
    const refused: unknown = expect.objectContaining({ kind: 'bad-config' })
    const lookup = (): void => {}
    await expect(get({ agent: httpAgent(), socketPath: '/run/x' })).rejects.toEqual(refused)
    await expect(get({ agent: httpAgent(), lookup })).rejects.toEqual(refused)
    await expect(get({ agent: httpAgent(), localAddress: '127.0.0.1' })).rejects.toEqual(refused)
    expect(served.usages).toEqual([])
  })

  it('keeps a request’s time', async () => {
    served.network.script.service = (stream) => stream.connect()
    const timedOut = new Promise<void>((resolve, reject) => {
      const request = http.get({ host: 'a.example', agent: httpAgent(), timeout: 5_000 })
      request.on('error', reject)
      request.on('socket', () => served.clock.advance(5_000))
      request.on('timeout', () => {
        request.off('error', reject)
        request.on('error', () => resolve())
        request.destroy()
      })
    })
    await timedOut
  })

  it('tells of each silence once, as a socket does', async () => {
    const begun = createDeferred<FakeStream>()
    served.network.script.service = (stream) => {
      stream.connect()
      begun.resolve(stream)
    }
    const request = http.get({ host: 'a.example', agent: httpAgent() })
    request.on('error', () => {})
    const [socket] = (await once(request, 'socket')) as [net.Socket]
    let silences = 0
    socket.setTimeout(1_000)
    socket.on('timeout', () => silences++)
    served.clock.advance(10_000)
    expect(silences).toBe(1)
    const heard = once(socket, 'data')
    ;(await begun.promise).send(Buffer.from('HTTP/1.1 200 OK\r\n'))
    await heard
    served.clock.advance(999)
    expect(silences).toBe(1)
    served.clock.advance(10_000)
    expect(silences).toBe(2)
    request.destroy()
  })

  it('ends the stream of a request that was given up', async () => {
    const ended = new Promise<Buffer>((resolve) => {
      served.network.script.service = (stream) => {
        stream.connect()
        resolve(stream.ended)
      }
    })
    const request = http.get({ host: 'a.example', agent: httpAgent() })
    request.on('error', () => {})
    request.on('socket', () => request.destroy())
    expect(await ended).toEqual(Buffer.of(1))
  })
})

describe('an HTTPS agent', () => {
  let server: tls.Server
  const names: unknown[] = []
  const reused: boolean[] = []

  beforeEach(async () => {
    names.length = 0
    reused.length = 0
    server = tls.createServer({ key: privateKey.export({ type: 'pkcs8', format: 'pem' }), cert: certificate })
    server.on('secureConnection', (socket) => {
      names.push(socket.servername)
      reused.push(socket.isSessionReused())
      socket.on('error', () => {})
      socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'))
    })
    server.on('tlsClientError', () => {})
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    // The exit connects to the server, whatever name was asked for.
    served.network.script.service = (stream) => {
      const socket = net.connect(port, '127.0.0.1')
      socket.on('data', (bytes: Buffer) => stream.send(bytes))
      socket.on('end', () => stream.end())
      socket.on('error', () => {})
      stream.onBytes = (bytes) => socket.write(bytes)
      void stream.ended.then(() => socket.destroy())
      stream.connect()
    }
  })

  afterEach(async () => {
    await new Promise((resolve) => server.close(resolve))
  })

  const agent = (ca?: string): TorHttpsAgent =>
    new TorHttpsAgent({ opener: served.service, clock: served.clock }, ca === undefined ? {} : { ca })

  function getTls(options: RequestOptions): Promise<string> {
    return new Promise((resolve, reject) => {
      https.get({ host: 'a.example', ...options }, (message) => resolve(text(message))).on('error', reject)
    })
  }

  it('speaks TLS inside the stream, names the host, and resumes no session', async () => {
    const ofOneProgram = agent(certificate)
    expect(await getTls({ agent: ofOneProgram })).toBe('ok')
    expect(await getTls({ agent: ofOneProgram })).toBe('ok')
    expect(names).toEqual(['a.example', 'a.example'])
    expect(reused).toEqual([false, false])
  })

  it('takes no certificate that nobody vouches for, and none of another host', async () => {
    await expect(getTls({ agent: agent() })).rejects.toThrow(/self[- ]signed certificate/)
    await expect(getTls({ agent: agent(certificate), host: 'b.example' })).rejects.toThrow(
      /altnames|does not match/,
    )
  })

  it('verifies whatever the environment says', async () => {
    vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0')
    await expect(getTls({ agent: agent() })).rejects.toThrow(/self[- ]signed certificate/)
  })

  it('refuses to go without verifying', async () => {
    const refused: unknown = expect.objectContaining({ kind: 'bad-config' })
    await expect(getTls({ agent: agent(), rejectUnauthorized: false })).rejects.toEqual(refused)
    await expect(getTls({ agent: agent(), checkServerIdentity: () => undefined })).rejects.toEqual(refused)
    expect(served.usages).toEqual([])
  })
})
