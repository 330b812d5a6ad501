/** What applications send to our front doors, and what proxies and transport plugins answer us. */
import { encodeDnsReply, MAX_REPLY_BYTES, parseDnsQuery } from '../../../core/proxy/dns-message.ts'
import type { HandshakeParser } from '../../../core/proxy/app-request.ts'
import { Socks4Parser } from '../../../core/proxy/socks4.ts'
import { Socks5Parser } from '../../../core/proxy/socks5.ts'
import { SocksParser } from '../../../core/proxy/socks-detect.ts'
import { LineSplitter, MAX_PLUGIN_LINE_BYTES } from '../../../core/transport/managed/line-splitter.ts'
import { PluginHandshake } from '../../../core/transport/managed/plugin-handshake.ts'
import { parsePluginLine } from '../../../core/transport/managed/plugin-lines.ts'
import { scrubbedWords } from '../../../core/transport/managed/plugin-words.ts'
import { joinSocksArguments, splitForSocks5 } from '../../../core/transport/managed/socks-arguments.ts'
import { MAX_PROXY_ANSWER_BYTES, startProxyHandshake } from '../../../core/transport/proxy-handshake.ts'
import type { UpstreamProxy } from '../../../core/transport/upstream-proxy.ts'
import { TorError } from '../../../core/util/errors.ts'
import { cutUp, mustAgree, outcomeOf } from '../engine/oracles.ts'
import { type FuzzTarget, mustHold } from '../engine/target.ts'

const hex = (text: string): Buffer => Buffer.from(text, 'hex')
const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1')

/** Each of the steps, without what comes behind a request, which depends on the cuts until the parser is done. */
function talk(parser: HandshakeParser, pieces: readonly Buffer[]): unknown {
  const steps: unknown[] = []
  let behind = ''
  let isDone = false
  for (const piece of pieces) {
    if (isDone) {
      behind += piece.toString('hex')
      continue
    }
    parser.push(piece)
    for (;;) {
      const step = parser.next()
      if (step.kind === 'need-more') break
      if (step.kind === 'reply') {
        steps.push(step.bytes.toString('hex'))
        continue
      }
      isDone = true
      if (step.kind === 'refused') {
        mustHold(!/[\r\n]/.test(step.reason), 'a reason of several lines')
        steps.push({ refused: step.bytes.toString('latin1'), reason: step.reason })
        return steps
      }
      const { request } = step
      const { replies: _, ...shown } = request
      const failed = request.replies.failed(new TorError('timeout', 'x'))
      mustHold(failed.length > 0 && request.replies.connected().length > 0, 'a request without answers')
      request.replies.resolved([{ address: '192.0.2.1', family: 'ipv4', ttlSeconds: 60 }])
      request.replies.named([{ name: 'x'.repeat(300), ttlSeconds: 60 }])
      steps.push(shown)
      behind += step.rest.toString('hex')
      break
    }
  }
  return [...steps, behind]
}

/** A parser gets one input whole and in pieces. */
function handshakeTarget(name: string, make: () => HandshakeParser, seeds: readonly Buffer[]): FuzzTarget {
  return {
    name,
    form: 'binary',
    mayThrow: ['limit'],
    maxBytes: 2048,
    seeds: () => seeds,
    run(input) {
      const whole = talk(make(), [input])
      mustAgree(talk(make(), cutUp(input)), whole, 'what is asked depends on how its bytes were cut')
    },
  }
}

const SOCKS5_SEEDS = [
  hex('050100050100030b6578616d706c652e636f6d01bb'),
  hex('05020002010475736572047061737305010001c0000201005061'),
  hex('05010005f0000304746573740000'),
  hex('05010005f10001c00002010000'),
  Buffer.concat([
    hex('05010201093c746f7253305830'),
    hex('0161'),
    hex('050100042001db800000000000000000000000010050'),
  ]),
]
const SOCKS4_SEEDS = [
  hex('040100 50c0000201 00'.replaceAll(' ', '')),
  hex('0401005000000001757365720074657374 00'.replaceAll(' ', '')),
  hex('04f0000000000001006578616d706c6500'),
]
const SOCKS5_OPTIONS = { extendedErrors: true, prefersNoAuth: false }
const LIMIT = 1500

const PROXIES: readonly UpstreamProxy[] = [
  { kind: 'socks4', endpoint: { host: '192.0.2.9', port: 1080 } },
  {
    kind: 'socks5',
    endpoint: { host: '192.0.2.9', port: 1080 },
    credentials: { username: 'u', password: 'p' },
  },
  { kind: 'http', endpoint: { host: '192.0.2.9', port: 8080 }, credentials: undefined },
]

/** As `converse` drives it. */
function converse(proxy: UpstreamProxy, host: string, pieces: readonly Buffer[]): unknown {
  return outcomeOf(() => {
    const handshake = startProxyHandshake(proxy, { host, port: 443 })
    const sent = [handshake.firstBytes.toString('latin1')]
    let held: Buffer = Buffer.alloc(0)
    for (const piece of pieces) {
      held = Buffer.concat([held, piece])
      for (;;) {
        const step = handshake.onAnswer(held)
        if (step.kind === 'incomplete') break
        mustHold(step.usedBytes > 0 && step.usedBytes <= held.length, 'it has used what it has not got')
        held = held.subarray(step.usedBytes)
        if (step.kind === 'done') return sent
        sent.push(step.bytes.toString('latin1'))
      }
      if (held.length > MAX_PROXY_ANSWER_BYTES) throw new TorError('proxy-failed', 'without end')
    }
    return [...sent, 'unfinished']
  })
}

const PLUGIN_OUTPUT =
  'VERSION 1\nPROXY DONE\nCMETHOD obfs4 socks5 127.0.0.1:32807\nCMETHOD-ERROR foo no such\nLOG SEVERITY=warning MESSAGE="a \\"b\\" \\n"\nSTATUS TRANSPORT=obfs4 x=y\nCMETHODS DONE\n'

export const PROXY_TARGETS: readonly FuzzTarget[] = [
  handshakeTarget('socks5', () => new Socks5Parser(LIMIT, SOCKS5_OPTIONS), SOCKS5_SEEDS),
  handshakeTarget('socks4', () => new Socks4Parser(LIMIT), SOCKS4_SEEDS),
  handshakeTarget(
    'socks-port',
    () => new SocksParser({ ...SOCKS5_OPTIONS, httpEndpoint: '127.0.0.1:8118' }, LIMIT),
    [...SOCKS5_SEEDS, ...SOCKS4_SEEDS, latin1('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'), hex('16030100')],
  ),
  {
    name: 'dns-query',
    form: 'binary',
    mayThrow: [],
    seeds: () => [
      hex('0001010000010000000000000377777707657861 6d706c6503636f6d0000010001'.replaceAll(' ', '')),
      hex('00020100000100000000000101780000 1c00010000291000000000000000'.replaceAll(' ', '')),
      hex('0003010000010000000000000131013001300331323707696e2d61646472046172706100000c0001'),
    ],
    run(input) {
      const query = parseDnsQuery(Buffer.from(input))
      if (query === undefined) return
      mustHold(query.id === input.readUInt16BE(0), 'the answer would be to another question')
      mustHold(query.name === undefined || query.name.length <= 255, 'a name that is longer than any')
      const answers = Array.from(
        { length: 90 },
        () => ({ kind: 'address', address: '2001:db8::1', ttlSeconds: 1 }) as const,
      )
      const reply = encodeDnsReply(query, query.fault ?? 0, answers)
      mustHold(
        reply.length <= Math.max(query.maxReplyBytes, 12 + query.question.length + 11),
        'too long a reply',
      )
      mustHold(reply.length <= MAX_REPLY_BYTES, 'a reply that is longer than any may be')
      mustHold(parseDnsQuery(reply) === undefined, 'an answer would be answered')
    },
  },
  {
    name: 'upstream-proxy-answer',
    form: 'binary',
    mayThrow: [],
    maxBytes: MAX_PROXY_ANSWER_BYTES,
    seeds: () => [
      hex('00005a0000000000000000'),
      hex('01050205000500000100000000000000'.replace('0500', '0200')),
      hex('0105020100050000037a7a7a00000050'),
      Buffer.concat([Buffer.of(2), latin1('HTTP/1.1 200 Connection established\r\nX: y\r\n\r\n')]),
      Buffer.concat([Buffer.of(2), latin1('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n')]),
    ],
    run(input) {
      const proxy = PROXIES[(input[0] ?? 0) % PROXIES.length]
      const host = (input[0] ?? 0) >= 128 ? 'front.example' : '192.0.2.1'
      if (proxy === undefined) return
      const answer = input.subarray(1)
      mustAgree(
        converse(proxy, host, cutUp(answer)),
        converse(proxy, host, [answer]),
        'the cuts change the talk',
      )
    },
  },
  {
    name: 'plugin-output',
    form: 'text',
    mayThrow: ['channel-failed', 'proxy-failed'],
    maxBytes: 10_000,
    seeds: () => [PLUGIN_OUTPUT, 'VERSION-ERROR no-version\n', 'ENV-ERROR x\nPROXY-ERROR y\n'],
    run(input) {
      const read = (pieces: readonly Buffer[]): unknown[] => {
        const lines: unknown[] = []
        const splitter = new LineSplitter(
          (line) => lines.push(line),
          () => lines.push(undefined),
        )
        for (const piece of pieces) splitter.push(piece)
        return lines
      }
      const lines = read([input])
      mustAgree(read(cutUp(input)), lines, 'lines depend on how their bytes were cut')
      const handshake = new PluginHandshake(['obfs4', 'foo'], true)
      for (const line of lines) {
        if (typeof line !== 'string') continue
        mustHold(Buffer.byteLength(line, 'utf8') <= 3 * MAX_PLUGIN_LINE_BYTES, 'a line that is too long')
        const parsed = parsePluginLine(line)
        scrubbedWords(line, ['secret'])
        const offer = handshake.onLine(parsed)
        for (const { endpoint } of offer?.methods.values() ?? [])
          mustHold(/^127\.|^::1$/.test(endpoint.host), 'a plugin in another computer')
      }
    },
  },
  {
    name: 'plugin-arguments',
    form: 'text',
    mayThrow: ['bad-config'],
    maxBytes: 600,
    seeds: () => ['cert=abc;iat-mode=0\\', 'a=b'],
    run(input) {
      const args = input
        .toString('latin1')
        .split('\n')
        .map((line): readonly [string, string] => [line.slice(0, 5), line.slice(5)])
      const joined = joinSocksArguments(args)
      const login = splitForSocks5(joined)
      if (login === undefined) return
      const { username, password } = login
      mustHold(username.length <= 255 && password.length >= 1 && password.length <= 255, 'fields of one byte')
      const rest = joined.length <= 255 ? Buffer.alloc(0) : password
      mustHold(Buffer.concat([username, rest]).equals(joined), 'other arguments than were given')
    },
  },
]
