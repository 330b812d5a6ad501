/** A bridge service on loopback: TLS with a certificate of its own, one answer for each question, and whatever is wrong with it. */
import { generateKeyPairSync } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { type AddressInfo, connect as connectTcp, type Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import type { MoatPath } from '../../core/circumvention/moat-client.ts'
import { MOAT_SERVICE, type MoatService } from '../../core/circumvention/moat-targets.ts'
import { selfSignedCertificate, toPem } from '../network/der-writer.ts'

const DAY_MS = 86_400_000

export interface AskedQuestion {
  readonly path: string
  readonly method: string
  readonly headers: Readonly<Record<string, unknown>>
  readonly body: unknown
}

export interface MoatServer {
  readonly port: number
  /** As a client is told of it: the certificate is believed, and no front leads there. */
  readonly service: MoatService
  /** A path without a tunnel. */
  readonly path: MoatPath
  readonly asked: readonly AskedQuestion[]
  /** Sockets that are open. */
  readonly open: () => number
  close(): Promise<void>
}

export interface MoatAnswers {
  /** What is answered; an object becomes JSON. */
  readonly answer: (question: AskedQuestion) => unknown
  readonly status?: number
  /** Whose certificate is shown. */
  readonly commonName?: string
  readonly onRequest?: (request: IncomingMessage, response: ServerResponse) => boolean
}

export async function startMoatServer(answers: MoatAnswers): Promise<MoatServer> {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const { host } = MOAT_SERVICE
  const commonName = answers.commonName ?? host
  const times = { notBeforeMs: Date.now() - DAY_MS, notAfterMs: Date.now() + DAY_MS }
  const cert = toPem(selfSignedCertificate(privateKey, { commonName, ...times }))
  const key = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  const asked: AskedQuestion[] = []
  const web = createServer((request, response) => {
    if (answers.onRequest?.(request, response) === true) return
    void readBody(request).then((text) => {
      const { url: path = '', method = '', headers } = request
      const body: unknown = text === '' ? undefined : JSON.parse(text)
      const question = { path, method, headers, body }
      asked.push(question)
      const answer = answers.answer(question)
      const reply = Buffer.isBuffer(answer) || typeof answer === 'string' ? answer : JSON.stringify(answer)
      response.writeHead(answers.status ?? 200, { 'Content-Type': 'application/json' })
      response.end(reply)
    })
  })
  const sockets = new Set<Socket>()
  const server = createTlsServer({ key, cert }, (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => undefined)
    web.emit('connection', socket)
  })
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    port,
    service: { ...MOAT_SERVICE, ca: cert, fronts: { front: [], 'older-front': [], 'other-front': [] } },
    path: async () => connectTcp(port, '127.0.0.1'),
    asked,
    open: () => sockets.size,
    close: () => {
      for (const socket of sockets) socket.destroy()
      return new Promise((resolve) => void server.close(() => resolve()))
    },
  }
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString()
}
