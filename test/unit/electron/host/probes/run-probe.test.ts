/** Probes against servers on this computer: what works, and every way in which a network makes them fail. */
import { generateKeyPairSync } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { createServer as createHttpServer, type RequestListener } from 'node:http'
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import fc from 'fast-check'
import * as v from 'valibot'
import { afterEach, describe, expect, it } from 'vitest'
import { systemClock } from '../../../../../core/index.ts'
import { viewLinks } from '../../../../../electron/host/probes/links.ts'
import { type Probe, probeResultSchema, probeSchema } from '../../../../../electron/host/probes/probe.ts'
import { runProbe } from '../../../../../electron/host/probes/run-probe.ts'
import { bindingRequest, isAnswerTo } from '../../../../../electron/host/probes/stun-probe.ts'
import { selfSignedCertificate, toPem } from '../../../../network/der-writer.ts'

const HOST = '127.0.0.1'
const cleanUps: (() => void)[] = []
afterEach(() => {
  for (const cleanUp of cleanUps.splice(0)) cleanUp()
})

/** So short that a test can wait for it. */
const run = (probe: Probe, limitMs = 400) => runProbe(probe, systemClock, limitMs)

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, HOST, resolve))
  cleanUps.push(() => server.close())
  return (server.address() as AddressInfo).port
}

async function serveTcp(onSocket: (socket: Socket) => void): Promise<number> {
  const open = new Set<Socket>()
  const port = await listen(
    createServer((socket) => {
      open.add(socket)
      socket.on('error', () => undefined)
      onSocket(socket)
    }),
  )
  cleanUps.push(() => open.forEach((socket) => socket.destroy()))
  return port
}

async function closedPort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, HOST, resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

describe('a TCP probe', () => {
  const tcp = (port: number): Probe => ({ kind: 'tcp', host: HOST, port, proxy: null })

  it('tells what answers from what refuses', async () => {
    expect(await run(tcp(await serveTcp(() => undefined)))).toEqual({ kind: 'reached' })
    expect(await run(tcp(await closedPort()))).toEqual({ kind: 'failed', why: 'refused' })
  })

  it('goes through the proxy of the settings and never past it', async () => {
    let hasAsked = false
    const target = await serveTcp(() => {
      hasAsked = true
    })
    const proxy = { kind: 'socks5', host: HOST, port: await closedPort() } as const
    expect(await run({ kind: 'tcp', host: HOST, port: target, proxy })).toEqual({
      kind: 'failed',
      why: 'proxy',
    })
    expect(hasAsked).toBe(false)
    const working = await serveTcp((socket) => {
      socket.once('data', () => {
        socket.write(Uint8Array.of(5, 0))
        socket.once('data', () => socket.write(Uint8Array.of(5, 0, 0, 1, 0, 0, 0, 0, 0, 0)))
      })
    })
    expect(
      await run({ kind: 'tcp', host: '192.0.2.1', port: 443, proxy: { ...proxy, port: working } }),
    ).toEqual({
      kind: 'reached',
    })
  })
})

describe('a TLS probe', () => {
  const tls = (port: number): Probe => ({
    kind: 'tls',
    host: HOST,
    port,
    name: 'web.test',
    proxy: null,
    ca: null,
  })

  it('tells a connection that is cut off when encryption begins from one that falls silent', async () => {
    const cutting = await serveTcp((socket) => socket.once('data', () => socket.destroy()))
    expect(await run(tls(cutting))).toEqual({ kind: 'failed', why: 'reset' })
    const silent = await serveTcp((socket) => socket.resume())
    expect(await run(tls(silent), 150)).toEqual({ kind: 'failed', why: 'timeout' })
  })

  it('believes a certificate that somebody vouches for, under its name and in its time', async () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const serve = async (days: readonly [number, number]) => {
      const [notBeforeMs, notAfterMs] = days.map((day) => Date.now() + day * 86_400_000)
      const cert = toPem(
        selfSignedCertificate(privateKey, {
          commonName: 'web.test',
          notBeforeMs: notBeforeMs ?? 0,
          notAfterMs: notAfterMs ?? 0,
        }),
      )
      const key = privateKey.export({ type: 'pkcs8', format: 'pem' })
      const port = await listen(createTlsServer({ key, cert }).on('tlsClientError', () => undefined))
      return { cert, port }
    }
    const { cert, port } = await serve([-1, 1])
    const probe = { ...tls(port), ca: cert } as Probe
    expect(await run(probe)).toEqual({ kind: 'reached' })
    expect(await run({ ...probe, name: 'other.test' } as Probe)).toEqual({
      kind: 'failed',
      why: 'bad-certificate',
    })
    expect(await run(tls(port))).toEqual({ kind: 'failed', why: 'bad-certificate' })
    const old = await serve([-3, -1])
    expect(await run({ ...tls(old.port), ca: old.cert } as Probe)).toEqual({
      kind: 'failed',
      why: 'bad-date',
    })
  })
})

describe('an HTTP probe', () => {
  async function serveHttp(listener: RequestListener): Promise<Probe> {
    const port = await listen(createHttpServer(listener))
    return { kind: 'http', url: `http://${HOST}:${port}/success.txt`, status: 200, body: 'success' }
  }

  it('knows the answer that it expects, and reads the clock from its date', async () => {
    const aheadMs = 3_600_000
    const probe = await serveHttp((_, response) => {
      response.setHeader('date', new Date(Date.now() - aheadMs).toUTCString())
      response.end('success\n')
    })
    const result = await run(probe)
    expect(result).toMatchObject({ kind: 'http', isExpected: true, status: 200 })
    const measured = result.kind === 'http' ? (result.clockAheadMs ?? 0) : 0
    expect(Math.abs(measured - aheadMs)).toBeLessThan(60_000)
  })

  it('takes a page, a redirect and another status for something else, and follows nothing', async () => {
    let asked = 0
    const redirect = await serveHttp((_, response) => {
      asked++
      response.writeHead(302, { location: 'http://portal.test/' }).end()
    })
    expect(await run(redirect)).toMatchObject({ isExpected: false, status: 302 })
    expect(asked).toBe(1)
    const page = await serveHttp((_, response) => response.end('<html>sign in</html>'))
    expect(await run(page)).toMatchObject({ isExpected: false, status: 200 })
  })

  it('reads little of an answer that does not end', async () => {
    const probe = await serveHttp((_, response) => {
      const flood = (): void => {
        while (response.write('x'.repeat(10_000)));
      }
      response.on('drain', flood)
      response.on('error', () => undefined)
      flood()
    })
    expect(await run(probe, 3_000)).toMatchObject({ isExpected: false })
  })
})

describe('a STUN probe', () => {
  async function serveUdp(answer: (request: Buffer) => Buffer | undefined): Promise<Probe> {
    const socket = createSocket('udp4')
    await new Promise<void>((resolve) => socket.bind(0, HOST, resolve))
    cleanUps.push(() => socket.close())
    socket.on('message', (request, from) => {
      const bytes = answer(request)
      if (bytes !== undefined) socket.send(bytes, from.port, from.address)
    })
    return { kind: 'stun', host: HOST, port: socket.address().port }
  }

  const success = (request: Buffer): Buffer => {
    const bytes = Buffer.from(request)
    bytes.writeUInt16BE(0x0101, 0)
    return bytes
  }

  it('wants the answer to its own question, also after a lost datagram', async () => {
    let asked = 0
    const lossy = await serveUdp((request) => (++asked > 1 ? success(request) : undefined))
    expect(await run(lossy, 3_000)).toEqual({ kind: 'reached' })
    const forger = await serveUdp((request) => success(bindingRequest(Buffer.alloc(12, request.length))))
    expect(await run(forger, 200)).toEqual({ kind: 'failed', why: 'timeout' })
  })

  it('believes no other bytes', () => {
    const request = bindingRequest(Buffer.from('abcdefghijkl'))
    expect(isAnswerTo(request, success(request))).toBe(true)
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        expect(isAnswerTo(request, bytes)).toBe(false)
      }),
      { numRuns: 200 },
    )
  })
})

describe('the look at this computer', () => {
  const address = (family: 'IPv4' | 'IPv6', text: string, internal = false) => ({
    family,
    address: text,
    internal,
  })

  it('counts addresses that lead out, and tells those that a computer gives itself', () => {
    expect(viewLinks({ lo: [address('IPv4', '127.0.0.1', true)], eth0: undefined })).toEqual({
      kind: 'link',
      ipv4: 0,
      ipv6: 0,
      selfAssigned: 0,
    })
    expect(
      viewLinks({
        eth0: [address('IPv4', '169.254.7.1'), address('IPv6', 'fe80::1')],
        wlan0: [address('IPv4', '192.168.1.5'), address('IPv6', '2001:db8::5')],
      }),
    ).toEqual({ kind: 'link', ipv4: 1, ipv6: 1, selfAssigned: 1 })
  })

  it('is a probe, too, and sends nothing', async () => {
    expect(await run({ kind: 'link' })).toMatchObject({ kind: 'link' })
  })
})

describe('a name', () => {
  it('of this computer is found', async () => {
    expect(await run({ kind: 'resolve', name: 'localhost' }, 3_000)).toMatchObject({ kind: 'resolved' })
  })
})

describe('what main may ask, and the host may answer', () => {
  it('is nothing but a probe of its form', () => {
    const bad: unknown[] = [
      { kind: 'exec', name: 'x' },
      { kind: 'http', url: 'https://a.test/', status: 200, body: '' },
      { kind: 'http', url: 'http://a.test/ x', status: 200, body: '' },
      { kind: 'resolve', name: 'a b' },
      { kind: 'tcp', host: 'a.test', port: 0, proxy: null },
      { kind: 'tcp', host: 'a.test', port: 1, proxy: null, more: 1 },
      { kind: 'stun', host: '', port: 1 },
    ]
    expect(bad.filter((probe) => v.safeParse(probeSchema, probe).success)).toEqual([])
    const answers: unknown[] = [
      { kind: 'failed', why: 'because 192.0.2.1 said so' },
      { kind: 'resolved', addresses: ['not an address'] },
      { kind: 'link', ipv4: -1, ipv6: 0, selfAssigned: 0 },
      { kind: 'http', isExpected: 'yes', status: 200, clockAheadMs: 0 },
    ]
    expect(answers.filter((answer) => v.safeParse(probeResultSchema, answer).success)).toEqual([])
  })
})
