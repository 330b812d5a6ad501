import { generateKeyPairSync } from 'node:crypto'
import net, { type AddressInfo } from 'node:net'
import tls from 'node:tls'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { isolationKey } from '../../../core/circuit-manager/isolation.ts'
import { type HttpRequestOptions, type HttpResponse, requestUrl } from '../../../core/client/http-request.ts'
import { createDeferred } from '../../../core/util/deferred.ts'
import { selfSignedCertificate, toPem } from '../../network/der-writer.ts'
import { type ServedNetwork, serveNetwork } from './stream-service-support.ts'

const DAY_MS = 86_400_000
const isolation = { key: isolationKey(['mine']), keepsAlive: false }

let served: ServedNetwork
/** Head and body of each request, as the web servers behind the exits got them. */
let requests: string[]
/** What the servers answer, by host and path. */
let answers: Map<string, string>

beforeEach(async () => {
  served = await serveNetwork()
  requests = []
  answers = new Map()
  served.network.script.service = (stream) => {
    let got = ''
    stream.onBytes = (bytes) => {
      got += bytes.toString('latin1')
      const [head = '', body] = got.split('\r\n\r\n', 2)
      const length = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0)
      if (body === undefined || body.length < length) return
      requests.push(got)
      const host = stream.target.slice(0, stream.target.indexOf(':'))
      stream.send(Buffer.from(answers.get(`${host}${head.split(' ')[1]}`) ?? answer(200, 'ok')))
      stream.end()
    }
    stream.connect()
  }
})

afterEach(async () => {
  expect(served.network.violations).toEqual([])
  await served.network.close()
})

const answer = (status: number, body: string, head = ''): string =>
  `HTTP/1.1 ${status} X\r\n${head}Content-Length: ${body.length}\r\n\r\n${body}`

const moved = (status: number, to: string): string => answer(status, '', `Location: ${to}\r\n`)

const ask = (url: string, options: HttpRequestOptions = {}): Promise<HttpResponse> =>
  requestUrl({ opener: served.service, clock: served.clock, isolation }, url, options)

describe('one HTTP request', () => {
  it('says what the caller said and what HTTP demands, and nothing else', async () => {
    answers.set('a.example/x?y', answer(404, 'nothing here', 'X-Note: yes\r\n'))
    const response = await ask('http://a.example/x?y#z', { headers: { 'X-Mine': '1' } })
    expect([response.status, response.body.toString(), response.headers.get('x-note')]).toEqual([
      404,
      'nothing here',
      'yes',
    ])
    expect(requests).toEqual([
      'GET /x?y HTTP/1.1\r\nx-mine: 1\r\nHost: a.example\r\nConnection: close\r\n\r\n',
    ])
  })

  it('follows redirects within its isolation, and leaves behind what belongs to an origin', async () => {
    answers.set('a.example/', moved(302, '/next'))
    answers.set('a.example/next', moved(302, 'http://b.example/end'))
    const headers = { Authorization: 'secret', Cookie: 'c=1', Accept: '*/*' }
    const response = await ask('http://a.example/', { headers })
    expect(response.url).toBe('http://b.example/end')
    expect(requests.map((request) => request.includes('secret') && request.includes('c=1'))).toEqual([
      true,
      true,
      false,
    ])
    expect(requests[2]).toContain('accept: */*')
    expect(served.usages.map((usage) => usage.isolation)).toEqual([
      isolation.key,
      isolation.key,
      isolation.key,
    ])
  })

  it('becomes GET where browsers make it so, and stays what it was elsewhere', async () => {
    answers.set('a.example/see', moved(303, '/get'))
    answers.set('a.example/same', moved(307, '/post'))
    await ask('http://a.example/see', {
      method: 'post',
      body: 'data',
      headers: { 'Content-Type': 'text/plain' },
    })
    await ask('http://a.example/same', { method: 'POST', body: 'data' })
    expect(requests.map((request) => request.split(' HTTP')[0])).toEqual([
      'POST /see',
      'GET /get',
      'POST /same',
      'POST /post',
    ])
    expect(requests[1]).not.toMatch(/content-type|data/i)
    expect(requests[3]).toMatch(/data$/)
  })

  it('ends after a few redirects, and at an answer that is too long', async () => {
    answers.set('a.example/round', moved(302, '/round'))
    await expect(ask('http://a.example/round')).rejects.toMatchObject({ kind: 'limit' })
    expect(requests.length).toBe(6)
    answers.set('a.example/long', answer(200, 'x'.repeat(101)))
    await expect(ask('http://a.example/long', { maxBodyBytes: 100 })).rejects.toMatchObject({ kind: 'limit' })
  })

  it('goes nowhere for a URL that is not of HTTP, or that a redirect leads inside with', async () => {
    for (const url of ['file:///etc/passwd', 'ftp://a.example/', 'http://user:pw@a.example/', 'nonsense']) {
      await expect(ask(url)).rejects.toMatchObject({ kind: 'bad-target' })
    }
    expect(served.usages).toEqual([])
    for (const inside of ['http://127.1/', 'http://localhost/', 'http://[::1]:8080/', 'file:///etc/passwd']) {
      answers.set('a.example/', moved(302, inside))
      await expect(ask('http://a.example/')).rejects.toMatchObject({ kind: 'bad-target' })
    }
  })

  it('fails for an answer that is cut short', async () => {
    answers.set('a.example/', 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf')
    await expect(ask('http://a.example/')).rejects.toMatchObject({ kind: 'closed' })
  })

  it('fails when the server changes the protocol instead of answering', async () => {
    const ended = createDeferred<Buffer>()
    served.network.script.service = (stream) => {
      stream.connect()
      stream.send(Buffer.from('HTTP/1.1 101 X\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n'))
      void stream.ended.then(ended.resolve)
    }
    await expect(ask('http://a.example/')).rejects.toMatchObject({ kind: 'closed' })
    await ended.promise
  })

  it('is never one that has no answer to give: CONNECT', async () => {
    await expect(ask('http://a.example/', { method: 'connect' })).rejects.toMatchObject({
      kind: 'bad-config',
    })
    expect(served.usages).toEqual([])
  })

  it('ends the stream of an answer that leads where it must not go, whatever is still to come', async () => {
    const ended = createDeferred<Buffer>()
    served.network.script.service = (stream) => {
      stream.connect()
      const head = 'HTTP/1.1 302 X\r\nLocation: ftp://a.example/\r\nContent-Length: 100000000\r\n\r\n'
      stream.send(Buffer.from(head + 'x'.repeat(100_000)))
      void stream.ended.then(ended.resolve)
    }
    await expect(ask('http://a.example/')).rejects.toMatchObject({ kind: 'bad-target' })
    await ended.promise
  })

  it('ends the stream once it has the whole answer, whatever of the request the server does not take', async () => {
    const ended = createDeferred<Buffer>()
    served.network.script.service = (stream) => {
      stream.holdsSendmes = true
      stream.connect()
      void stream.waitForCells(500).then(() => stream.send(Buffer.from(answer(413, 'too much'))))
      void stream.ended.then(ended.resolve)
    }
    const response = await ask('http://a.example/', { method: 'POST', body: Buffer.alloc(5_000_000) })
    expect([response.status, response.body.toString()]).toEqual([413, 'too much'])
    await ended.promise
  })

  it('ends at the signal', async () => {
    served.network.script.service = (stream) => stream.connect()
    const controller = new AbortController()
    const asking = ask('http://a.example/', { signal: controller.signal })
    controller.abort()
    await expect(asking).rejects.toMatchObject({ kind: 'aborted' })
  })

  it('does not follow a redirect from HTTPS to HTTP', async () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const times = { notBeforeMs: Date.now() - DAY_MS, notAfterMs: Date.now() + DAY_MS }
    const cert = toPem(selfSignedCertificate(privateKey, { commonName: 'a.example', ...times }))
    const key = privateKey.export({ type: 'pkcs8', format: 'pem' })
    const server = tls.createServer({ key, cert }, (socket) => {
      socket.on('error', () => {})
      socket.once('data', () => socket.end(moved(301, 'http://a.example/plain')))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    served.network.script.service = (stream) => {
      const socket = net.connect(port, '127.0.0.1')
      socket.on('data', (bytes: Buffer) => stream.send(bytes))
      socket.on('error', () => {})
      stream.onBytes = (bytes) => socket.write(bytes)
      void stream.ended.then(() => socket.destroy())
      stream.connect()
    }
    const asking = ask('https://a.example/', { tls: { ca: cert } })
    await expect(asking).rejects.toThrow('from HTTPS to HTTP is not followed')
    expect(served.usages.length).toBe(1)
    await new Promise((resolve) => server.close(resolve))
  })
})
