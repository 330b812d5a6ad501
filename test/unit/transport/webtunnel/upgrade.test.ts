/** The request that opens a tunnel, as the reference client sends it, and what answers to it mean. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { UpgradeAnswerReader, upgradeRequest } from '../../../../core/transport/webtunnel/upgrade.ts'
import { TorError } from '../../../../core/util/errors.ts'
import captured from '../../../vectors/webtunnel.json' with { type: 'json' }

const OPEN = `${captured.response_prefix}\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n`

function words(text: string): string {
  try {
    new UpgradeAnswerReader().push(Buffer.from(text))
  } catch (error) {
    if (error instanceof TorError && error.kind === 'channel-failed') return error.message
    throw error
  }
  throw new Error('it did not fail')
}

test('the request is that of the reference client, byte for byte', () => {
  expect(upgradeRequest('127.0.0.1', '/secretpath').toString('latin1')).toBe(captured.request)
})

test('an IPv6 address stands in brackets', () => {
  expect(upgradeRequest('2001:db8::1', '/').toString()).toMatch(/\r\nHost: \[2001:db8::1\]\r\n/)
})

test('whatever pieces the answer comes in, what stands behind it is the tunnel', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 100 }),
      fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 6 }),
      (early, cuts) => {
        const bytes = Buffer.concat([Buffer.from(`HTTP/1.1 103 Early Hints\r\n\r\n${OPEN}`), early])
        const reader = new UpgradeAnswerReader()
        for (let at = 0, n = 0; at < bytes.length; n++) {
          const end = at + (cuts[n % cuts.length] ?? 1)
          const first = reader.push(bytes.subarray(at, end))
          at = end
          if (first !== undefined) {
            expect(Buffer.concat([first, bytes.subarray(at)])).toEqual(Buffer.from(early))
            return
          }
        }
        throw new Error('the tunnel did not open')
      },
    ),
    { numRuns: 200 },
  )
})

describe('any other answer is refused in words', () => {
  test.each([
    ['HTTP/1.1 404 Not Found\r\n\r\n', /knows no such path \(404\): the path of its line may be wrong/],
    [
      'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello',
      /a page \(200\): the path of its line may be wrong/,
    ],
    ['HTTP/1.1 403 Forbidden\r\n\r\n', /403/],
    ['HTTP/1.1 502 Bad Gateway\r\n\r\n', /cannot reach the bridge behind it/],
    ['HTTP/1.1 302 Found\r\nLocation: https://elsewhere.example/\r\n\r\n', /sends us elsewhere: status 302/],
    ['HTTP/1.1 418 Teapot\r\n\r\n', /does not open the tunnel: status 418/],
    ['HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n', /another protocol/],
    ['HTTP/1.1 101 Switching Protocols\r\n\r\n', /another protocol/],
    ['HTTP/1.1 100 Continue\r\n\r\n'.repeat(9), /answers without end/],
    ['SSH-2.0-OpenSSH_9.2\r\n\r\n', /does not answer in HTTP/],
    ['\x15\x03\x01\x00\x02\x02\x28\n', /does not answer in HTTP/],
    ['HTTP/1.1 200 OK\r\nbroken\r\n\r\n', /does not answer in HTTP/],
    [`HTTP/1.1 200 OK\r\n${`a: ${'b'.repeat(1000)}\r\n`.repeat(40)}`, /does not answer in HTTP/],
    ['x'.repeat(40_000), /does not answer in HTTP/],
  ])('%j', (text, pattern) => {
    expect(words(text)).toMatch(/^the web server in front of the bridge /)
    expect(words(text)).toMatch(pattern)
  })
})
