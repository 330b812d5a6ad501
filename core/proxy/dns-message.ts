/**
 * The DNS as programs speak it to a DNSPort (RFC 1035, RFC 6891 for EDNS): one question comes in, one answer goes out.
 * Pure. What cannot be read as a question is dropped, for there is nobody to answer.
 */
import { type DecodedPacket, decode } from 'dns-packet'
import { ByteWriter } from '../util/byte-writer.ts'
import { malformed } from '../util/errors.ts'
import { parseIp } from '../util/ip-address.ts'

export const DnsType = { A: 1, PTR: 12, AAAA: 28, ANY: 255 } as const

export const DnsReplyCode = {
  NOERROR: 0,
  FORMERR: 1,
  SERVFAIL: 2,
  NXDOMAIN: 3,
  NOTIMP: 4,
  /** Beyond four bits: its upper part stands in the OPT record. */
  BADVERS: 16,
} as const

export type DnsReplyCodeValue = (typeof DnsReplyCode)[keyof typeof DnsReplyCode]

/** A query with one question and EDNS has no use for more; the DNS flag day of 2020 recommends it for replies. */
const MAX_QUERY_BYTES = 4_096
export const MAX_REPLY_BYTES = 1_232
/** RFC 1035 4.2.1, and RFC 6891 6.2.3 for smaller values in EDNS. */
const PLAIN_REPLY_BYTES = 512

const HEADER_BYTES = 12
const MAX_LABEL_BYTES = 63
const MAX_NAME_BYTES = 255
const CLASS_IN = 1
const TYPE_OPT = 41
const FLAG_RESPONSE = 0x8000
const FLAG_TRUNCATED = 0x0200
const FLAG_RECURSION_DESIRED = 0x0100
const FLAG_RECURSION_AVAILABLE = 0x0080
const OPCODE_MASK = 0x7800
/** The name of the question, by a pointer to it (RFC 1035 4.1.4). */
const POINTER_TO_QUESTION = 0xc00c
/** Printable ASCII without the dot and the backslash, which mean something in a name's text. */
const LABEL = /^[\x21-\x2d\x2f-\x5b\x5d-\x7e]+$/

export interface DnsQuery {
  readonly id: number
  readonly flags: number
  /** The question as it came, byte for byte: its capitals may be the asker's proof against forged answers. */
  readonly question: Buffer
  /** The name in text, as it was spelled, without a dot at its end; undefined when text cannot say it. */
  readonly name: string | undefined
  readonly type: number
  readonly hasEdns: boolean
  readonly maxReplyBytes: number
  /** What is wrong with it, if anything: the answer then. */
  readonly fault: DnsReplyCodeValue | undefined
}

export type DnsAnswer =
  | { readonly kind: 'address'; readonly address: string; readonly ttlSeconds: number }
  | { readonly kind: 'name'; readonly name: string; readonly ttlSeconds: number }

/** Undefined for what is no query, or so broken that it deserves no answer. Never throws. */
export function parseDnsQuery(packet: Buffer): DnsQuery | undefined {
  if (packet.length < HEADER_BYTES || packet.length > MAX_QUERY_BYTES) return undefined
  const flags = packet.readUInt16BE(2)
  // Answering an answer could go on for ever.
  if ((flags & FLAG_RESPONSE) !== 0) return undefined
  const [questions, answers, authorities, additionals] = [4, 6, 8, 10].map((at) => packet.readUInt16BE(at))
  const end = endOfQuestion(packet)
  if (questions !== 1 || end === undefined) {
    const isSeveral = questions !== undefined && questions > 1
    return isSeveral ? makeFault(packet, Buffer.alloc(0), DnsReplyCode.FORMERR) : undefined
  }
  const question = Buffer.from(packet.subarray(HEADER_BYTES, end))
  // More than an OPT record (and a signature that nobody checks) is no query, and would have us allocate for it.
  if (answers !== 0 || authorities !== 0 || additionals === undefined || additionals > 2) {
    return makeFault(packet, question, DnsReplyCode.FORMERR)
  }
  const edns = readEdns(packet)
  if (edns === 'malformed') return makeFault(packet, question, DnsReplyCode.FORMERR)
  return {
    ...makeQuery(packet, question),
    hasEdns: edns !== undefined,
    maxReplyBytes: Math.min(Math.max(edns?.maxBytes ?? 0, PLAIN_REPLY_BYTES), MAX_REPLY_BYTES),
    fault: faultOf(flags, question, edns?.version ?? 0),
  }
}

/** Answers that do not fit are left out, and the reply says that it is cut. Throws `malformed` for a name that is none. */
export function encodeDnsReply(
  query: DnsQuery,
  replyCode: DnsReplyCodeValue,
  answers: readonly DnsAnswer[] = [],
): Buffer {
  const opt = query.hasEdns ? encodeOpt(replyCode) : Buffer.alloc(0)
  let left = query.maxReplyBytes - HEADER_BYTES - query.question.length - opt.length
  const records: Buffer[] = []
  for (const answer of answers) {
    const record = encodeAnswer(answer)
    if (record.length > left) break
    left -= record.length
    records.push(record)
  }
  const kept = query.flags & (OPCODE_MASK | FLAG_RECURSION_DESIRED)
  const cut = records.length < answers.length ? FLAG_TRUNCATED : 0
  return new ByteWriter()
    .u16(query.id)
    .u16(FLAG_RESPONSE | kept | cut | FLAG_RECURSION_AVAILABLE | (replyCode & 0xf))
    .u16(query.question.length > 0 ? 1 : 0)
    .u16(records.length)
    .u16(0)
    .u16(query.hasEdns ? 1 : 0)
    .bytes(query.question)
    .bytes(Buffer.concat(records))
    .bytes(opt)
    .finish()
}

function makeQuery(packet: Buffer, question: Buffer): DnsQuery {
  return {
    id: packet.readUInt16BE(0),
    flags: packet.readUInt16BE(2),
    question,
    name: nameOf(question),
    type: question.length === 0 ? 0 : question.readUInt16BE(question.length - 4),
    hasEdns: false,
    maxReplyBytes: PLAIN_REPLY_BYTES,
    fault: undefined,
  }
}

function makeFault(packet: Buffer, question: Buffer, fault: DnsReplyCodeValue): DnsQuery {
  return { ...makeQuery(packet, question), fault }
}

/** Other operations, classes and types than ours are not implemented; nor are later versions of EDNS. */
function faultOf(flags: number, question: Buffer, ednsVersion: number): DnsReplyCodeValue | undefined {
  if (ednsVersion !== 0) return DnsReplyCode.BADVERS
  if ((flags & OPCODE_MASK) !== 0) return DnsReplyCode.NOTIMP
  if (question.readUInt16BE(question.length - 2) !== CLASS_IN) return DnsReplyCode.NOTIMP
  const types: readonly number[] = Object.values(DnsType)
  return types.includes(question.readUInt16BE(question.length - 4)) ? undefined : DnsReplyCode.NOTIMP
}

/** A question's name is never compressed: there is nothing before it. */
function endOfQuestion(packet: Buffer): number | undefined {
  for (let at = HEADER_BYTES; at < packet.length && at - HEADER_BYTES < MAX_NAME_BYTES; ) {
    const length = packet.readUInt8(at)
    if (length > MAX_LABEL_BYTES) return undefined
    at += 1 + length
    if (length > 0) continue
    return at + 4 <= packet.length && at - HEADER_BYTES <= MAX_NAME_BYTES ? at + 4 : undefined
  }
  return undefined
}

function nameOf(question: Buffer): string | undefined {
  const labels: string[] = []
  for (let at = 0; at < question.length - 4; ) {
    const length = question.readUInt8(at)
    if (length === 0) break
    const label = question.toString('latin1', at + 1, at + 1 + length)
    if (!LABEL.test(label)) return undefined
    labels.push(label)
    at += 1 + length
  }
  return labels.length === 0 ? undefined : labels.join('.')
}

function readEdns(packet: Buffer): { maxBytes: number; version: number } | 'malformed' | undefined {
  let decoded: DecodedPacket
  try {
    decoded = decode(packet)
  } catch {
    return 'malformed'
  }
  const options = (decoded.additionals ?? []).filter((record) => record.type === 'OPT')
  const [option] = options
  if (option === undefined) return undefined
  if (options.length > 1 || option.type !== 'OPT') return 'malformed'
  return { maxBytes: option.udpPayloadSize, version: option.ednsVersion }
}

function encodeAnswer(answer: DnsAnswer): Buffer {
  const isName = answer.kind === 'name'
  const value = isName ? encodeName(answer.name) : parseIp(answer.address)
  const type = isName ? DnsType.PTR : value.length === 4 ? DnsType.A : DnsType.AAAA
  return new ByteWriter()
    .u16(POINTER_TO_QUESTION)
    .u16(type)
    .u16(CLASS_IN)
    .u32(answer.ttlSeconds)
    .u16(value.length)
    .bytes(value)
    .finish()
}

function encodeName(name: string): Buffer {
  const writer = new ByteWriter()
  for (const label of name.split('.')) {
    const { length } = label
    if (length === 0 || length > MAX_LABEL_BYTES) malformed('DNS answer', 'labels of 1 to 63 bytes', length)
    writer.u8(length).text(label)
  }
  return writer.u8(0).finish()
}

/** An OPT record has the root's name; its class is the size that we take, its TTL the upper bits of the code. */
function encodeOpt(replyCode: number): Buffer {
  return new ByteWriter()
    .u8(0)
    .u16(TYPE_OPT)
    .u16(MAX_REPLY_BYTES)
    .u32((replyCode >>> 4) << 24)
    .u16(0)
    .finish()
}
