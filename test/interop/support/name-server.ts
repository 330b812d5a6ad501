/**
 * The only name server that the private network's exits ask: a loopback UDP server with a handful of fixed names, so that
 * name tests neither need nor touch any real DNS. Wire format: RFC 1035 section 4.
 */
import { createSocket } from 'node:dgram'

export interface NameServer {
  readonly port: number
  close(): void
}

const TYPE_A = 1
const TYPE_PTR = 12
const TYPE_AAAA = 28
const RCODE_OK = 0
const RCODE_NAME_ERROR = 3
const HEADER_BYTES = 12

interface NameRecord {
  readonly type: number
  readonly data: Buffer
}

const RECORDS: ReadonlyMap<string, NameRecord> = new Map([
  // A name of the test's own loopback servers.
  ['ok.test', { type: TYPE_A, data: Buffer.of(127, 0, 0, 1) }],
  // Nobody lives here (RFC 5737); only looked up, never connected to.
  ['far.test', { type: TYPE_A, data: Buffer.of(203, 0, 113, 7) }],
  // Sites with hosts of their own, for browsers.
  ...['www.site-one.test', 'img.site-one.test', 'www.site-two.test', 'www.site-three.test'].map(
    (name): [string, NameRecord] => [name, { type: TYPE_A, data: Buffer.of(127, 0, 0, 1) }],
  ),
  ['7.113.0.203.in-addr.arpa', { type: TYPE_PTR, data: Buffer.from('\x03far\x04test\0', 'latin1') }],
  ['six.test', { type: TYPE_AAAA, data: Buffer.from('00000000000000000000000000000001', 'hex') }],
])

/** The name of the first question, and where the question section ends. */
function readQuestion(query: Buffer): { name: string; type: number; end: number } {
  const labels: string[] = []
  let at = HEADER_BYTES
  for (let length = query.readUInt8(at); length !== 0; length = query.readUInt8(at)) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length))
    at += 1 + length
  }
  return { name: labels.join('.').toLowerCase(), type: query.readUInt16BE(at + 1), end: at + 5 }
}

function answer(query: Buffer): Buffer {
  const { name, type, end } = readQuestion(query)
  const record = RECORDS.get(name)
  const matches = record?.type === type
  const reply = Buffer.from(query.subarray(0, end))
  reply.writeUInt16BE(0x8580 | (record === undefined ? RCODE_NAME_ERROR : RCODE_OK), 2)
  reply.writeUInt16BE(matches ? 1 : 0, 6)
  reply.writeUInt32BE(0, 8)
  if (record === undefined || !matches) return reply
  const head = Buffer.alloc(12)
  head.writeUInt16BE(0xc000 | HEADER_BYTES, 0)
  head.writeUInt16BE(record.type, 2)
  head.writeUInt16BE(1, 4)
  head.writeUInt32BE(60, 6)
  head.writeUInt16BE(record.data.length, 10)
  return Buffer.concat([reply, head, record.data])
}

export function startNameServer(): Promise<NameServer> {
  return new Promise((resolve, reject) => {
    const socket = createSocket('udp4')
    socket.once('error', reject)
    socket.on('message', (query, from) => {
      try {
        socket.send(answer(query), from.port, from.address)
      } catch {
        // A query that does not parse gets no answer, as from any name server.
      }
    })
    socket.bind(0, '127.0.0.1', () => {
      resolve({ port: socket.address().port, close: () => socket.close() })
    })
  })
}
