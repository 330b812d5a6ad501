/** HTTP, in all the places where others speak it to us: caches, web servers, fronts, brokers, applications. */
import { type ContentEncoding, findBodyStart, parseHttpHead } from '../../../core/directory/http-reply.ts'
import { formatHttpDate, parseHttpDate } from '../../../core/directory/http-date.ts'
import { MAX_UNPACKED_BYTES, unpackBody } from '../../../core/directory/decompress.ts'
import { readHttpRequest } from '../../../core/proxy/http-request.ts'
import { HttpAnswerReader } from '../../../core/transport/web/http-answer.ts'
import { parseFront, parseWebUrl } from '../../../core/transport/web/web-target.ts'
import { UpgradeAnswerReader } from '../../../core/transport/webtunnel/upgrade.ts'
import { BodyDecoder, requestFraming, responseFraming } from '../../../core/util/http-body.ts'
import {
  HttpHeadReader,
  headerTokens,
  parseRequestHead,
  parseResponseHead,
} from '../../../core/util/http-head.ts'
import { isTorError } from '../../../core/util/errors.ts'
import { deflateRawSync, deflateSync, gzipSync } from 'node:zlib'
import webtunnel from '../../vectors/webtunnel.json' with { type: 'json' }
import { cutUp, mustAgree, outcomeOf } from '../engine/oracles.ts'
import { type FuzzTarget, mustHold } from '../engine/target.ts'

const RULES = { maxHeadBytes: 4096, maxHeldBytes: 8192, allowsBareLf: false }

const REQUESTS = [
  'CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\nProxy-Authorization: Basic YTpi\r\n\r\n',
  'GET http://example.com/a?b HTTP/1.1\r\nHost: example.com\r\nConnection: close\r\n\r\n',
  'POST http://[2001:db8::1]:8080/ HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n',
  'OPTIONS * HTTP/1.1\r\nHost: localhost\r\nTor-Family-Preference: ipv6-only\r\n\r\n',
  'GET / HTTP/1.0\r\nHost: 127.0.0.1:9080\r\nSec-Fetch-Site: none\r\n\r\n',
  'PUT http://example.com HTTP/1.1\r\nHost: example.com\r\nContent-Length: 3\r\n\r\nabc',
]
const ANSWERS = [
  'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n\r\nhello',
  'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n0\r\nT: v\r\n\r\n',
  'HTTP/1.0 404 Not Found\r\nConnection: close\r\n\r\nnothing',
  'HTTP/1.1 204 No Content\r\n\r\n',
  'HTTP/1.0 200 OK\r\nContent-Encoding: deflate\r\nContent-Length: 10\r\nX-Your-Address-Is: 192.0.2.1\r\n\r\n',
]

/** The heads that are found, and how it ended, when the bytes come in these pieces. */
function readHeads(pieces: readonly Buffer[]): unknown {
  const heads: (readonly string[])[] = []
  const error = outcomeOf(() => {
    const reader = new HttpHeadReader(RULES)
    for (const piece of pieces) {
      reader.push(piece)
      for (let head = reader.next(); head !== undefined; head = reader.next()) heads.push(head)
    }
  })
  return { heads, error }
}

/** What the decoder gives of a body. */
function decodeBody(head: string, pieces: readonly Buffer[]): unknown {
  const content: Buffer[] = []
  let used = 0
  const outcome = outcomeOf(() => {
    const framing = responseFraming(parseResponseHead(head.split('\n')), 'GET')
    const decoder = new BodyDecoder(framing)
    for (const piece of pieces) {
      if (decoder.isComplete) break
      used += decoder.push(piece, (part) => content.push(Buffer.from(part)))
    }
    decoder.end()
  })
  const text = Buffer.concat(content).toString('latin1')
  // After an error nobody asks how far it got.
  return isRead(outcome) ? { outcome, used, text } : { outcome, text }
}

function isRead(outcome: unknown): boolean {
  return typeof outcome === 'object' && outcome !== null && 'value' in outcome
}

function answer(pieces: readonly Buffer[]): unknown {
  return outcomeOf(() => {
    const reader = new HttpAnswerReader('GET', 4000)
    for (const piece of pieces) {
      const whole = reader.push(Buffer.from(piece))
      // Whether more was behind it depends on the cuts, and says no more than that it is not used again.
      if (whole !== undefined) return { status: whole.status, body: whole.body.toString('latin1') }
    }
    const { status, body } = reader.end()
    return { status, body: body.toString('latin1') }
  })
}

export const HTTP_TARGETS: readonly FuzzTarget[] = [
  {
    name: 'http-head',
    form: 'text',
    mayThrow: [],
    maxBytes: 16_384,
    seeds: () => [...REQUESTS, ...ANSWERS],
    run(input) {
      const whole = readHeads([input])
      // One read may bring more than may be held at once; then only the kind of the end is another.
      if (input.length > RULES.maxHeadBytes) return
      mustAgree(readHeads(cutUp(input)), whole, 'heads depend on how their bytes were cut')
    },
  },
  {
    name: 'http-request-head',
    form: 'text',
    mayThrow: ['malformed', 'bad-target', 'not-allowed'],
    maxBytes: 16_384,
    seeds: () => REQUESTS,
    run(input) {
      const lines = input.toString('latin1').split('\r\n\r\n')[0]?.split('\r\n') ?? []
      const head = parseRequestHead(lines)
      for (const { name, value } of head.headers) {
        mustHold(!/[\r\n\0]/.test(name + value), 'a header holds a line end')
        mustHold(headerTokens(head.headers, name.toLowerCase()).length <= value.length + 16_384, 'bounded')
      }
      requestFraming(head)
      const request = readHttpRequest(head)
      if (request.kind !== 'tunnel' && request.kind !== 'forward') return
      mustHold(request.port >= 0 && request.port <= 65_535 && request.host !== '', 'a target without place')
      mustHold(!/[\s\0]/.test(request.host), 'a host with blanks')
    },
  },
  {
    name: 'http-response-head',
    form: 'text',
    mayThrow: ['malformed'],
    maxBytes: 16_384,
    seeds: () => ANSWERS,
    run(input) {
      const lines = input.toString('latin1').split('\r\n\r\n')[0]?.split('\r\n') ?? []
      const head = parseResponseHead(lines)
      const framing = responseFraming(head, 'GET')
      mustHold(framing.kind !== 'length' || Number.isSafeInteger(framing.bytes), 'a length that is no number')
      // Whoever else reads it must see the same word.
      const isSaid = lines.some((line) => /^transfer-encoding:[ \t,]*chunked[ \t,]*$/i.test(line))
      mustHold(framing.kind !== 'chunked' || isSaid, 'chunked, to us alone')
    },
  },
  {
    name: 'http-body',
    form: 'text',
    mayThrow: [],
    seeds: () => [
      'HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n3;x=y\r\nabc\r\nA\r\n0123456789\r\n0\r\nT: v\r\n\r\nbehind',
      'HTTP/1.1 200 OK\nContent-Length: 4\n\nabcdef',
      'HTTP/1.1 200 OK\n\nuntil the end',
    ],
    run(input) {
      const end = input.indexOf('\n\n')
      if (end < 0) return
      const head = input.toString('latin1', 0, end)
      const body = input.subarray(end + 2)
      const whole = decodeBody(head, [body])
      mustAgree(decodeBody(head, cutUp(body)), whole, 'a body depends on how its bytes were cut')
    },
  },
  {
    name: 'http-answer',
    form: 'text',
    mayThrow: [],
    maxBytes: 16_384,
    seeds: () => ANSWERS,
    run(input) {
      const whole = answer([input])
      mustAgree(answer(cutUp(input)), whole, 'an answer depends on how its bytes were cut')
    },
  },
  {
    name: 'webtunnel-answer',
    form: 'text',
    mayThrow: ['channel-failed'],
    maxBytes: 16_384,
    seeds: () => [webtunnel.response_prefix, ...ANSWERS, `${ANSWERS[1]}${webtunnel.response_prefix}`],
    run(input) {
      const pushAll = (pieces: readonly Buffer[]): string | undefined => {
        const reader = new UpgradeAnswerReader()
        let rest = ''
        let isOpen = false
        for (const piece of pieces) {
          if (isOpen) rest += piece.toString('latin1')
          else {
            const first = reader.push(piece)
            isOpen = first !== undefined
            rest += first?.toString('latin1') ?? ''
          }
        }
        return isOpen ? rest : undefined
      }
      const whole = pushAll([input])
      mustAgree(pushAll(cutUp(input)), whole, 'the tunnel begins where the cuts are')
    },
  },
  {
    name: 'directory-reply-head',
    form: 'text',
    mayThrow: ['malformed'],
    seeds: () => ANSWERS,
    run(input) {
      const start = findBodyStart(input)
      let seen = 0
      const found = cutUp(input).some((piece) => {
        const from = seen
        seen += piece.length
        return findBodyStart(input.subarray(0, seen), from) !== undefined
      })
      mustHold(found === (start !== undefined), 'a head is found or not by how it comes')
      const head = parseHttpHead(start === undefined ? input : input.subarray(0, start))
      mustHold(head.status >= 100 && head.status < 600, 'a status that is none')
    },
  },
  {
    name: 'http-date',
    form: 'text',
    mayThrow: [],
    maxBytes: 64,
    seeds: () => ['Sun, 06 Nov 1994 08:49:37 GMT', 'Thu, 26 Nov 2026 23:59:59 GMT'],
    run(input) {
      const text = input.toString('latin1')
      const ms = parseHttpDate(text)
      // The day of the week is not looked at.
      if (ms !== undefined)
        mustHold(formatHttpDate(ms).slice(4) === text.slice(4), 'another moment than it says')
    },
  },
  {
    name: 'packed-body',
    form: 'binary',
    mayThrow: ['malformed', 'limit'],
    unitRuns: 100,
    seeds: () => {
      const text = Buffer.from('onion-key\n'.repeat(40))
      const packed = [deflateSync(text), gzipSync(text), deflateRawSync(text)]
      return [...packed, Buffer.concat(packed.slice(0, 2))].map((bytes) =>
        Buffer.concat([Buffer.of(0), bytes]),
      )
    },
    async run(input) {
      const encodings: readonly (ContentEncoding | undefined)[] = [undefined, 'deflate', 'gzip', 'identity']
      const encoding = encodings[(input[0] ?? 0) % encodings.length]
      const plain = await unpackBody(input.subarray(1), encoding, new AbortController().signal)
      mustHold(plain.length <= MAX_UNPACKED_BYTES, 'more comes out than may')
    },
  },
  {
    name: 'web-address',
    form: 'text',
    mayThrow: ['bad-config'],
    maxBytes: 600,
    seeds: () => [
      'https://example.com/path?x',
      'http://[2001:db8::1]:8080/',
      'example.com:443',
      'front.example',
    ],
    run(input) {
      const text = input.toString('utf8')
      try {
        const { host, port } = parseFront(text)
        mustHold(
          /^[a-z0-9._:-]+$/.test(host) && (port === undefined || port <= 65_535),
          'a front that is none',
        )
      } catch (error) {
        if (!isTorError(error, 'bad-config')) throw error
      }
      const url = parseWebUrl(text)
      mustHold(/^[a-z0-9._:-]+$/.test(url.host), 'a server that is none')
      mustHold(!/[\s\x7f-\uffff]/.test(url.path + url.hostHeader), 'a request line could be broken up')
    },
  },
]
