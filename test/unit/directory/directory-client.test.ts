import { describe, expect, it } from 'vitest'
import {
  expectDocument,
  getDocument,
  LARGE_REQUEST_LIMIT_MS,
  MAX_BODY_BYTES,
  REQUEST_LIMIT_MS,
  STALL_LIMIT_MS,
  STEADY_BYTES_PER_SECOND,
} from '../../../core/directory/directory-client.ts'
import { parseRsaIdentity } from '../../../core/linkspec/relay-ids.ts'
import type { ByteSink, ByteStream } from '../../../core/util/byte-stream.ts'
import { isTorError } from '../../../core/util/errors.ts'
import { deflated, FakeDirectory, type FakeAnswer, httpReply } from './support/fake-directory.ts'
import { advanceUntil, countingClock, settle } from './support/test-clock.ts'

const target = {
  ids: { rsa: parseRsaIdentity('A'.repeat(40)), ed25519: undefined },
  endpoints: [{ host: '10.0.0.1', port: 1 }],
}

/** Sends what a test gives to its sink, and never ends. */
class TricklingStream implements ByteStream {
  sink: ByteSink | undefined
  isDestroyed = false

  setSink(sink: ByteSink): void {
    this.sink = sink
  }

  resumeReading(): void {}

  write(): boolean {
    return true
  }

  flush(): boolean {
    return true
  }

  end(): void {}

  destroy(): void {
    this.isDestroyed = true
  }
}

async function ask(answer: FakeAnswer, chunkBytes = 1_000) {
  const network = new FakeDirectory(() => answer)
  network.chunkBytes = chunkBytes
  const clock = countingClock(0)
  const controller = new AbortController()
  const connection = await network.connect(target, controller.signal)
  const signs: string[] = []
  const request = {
    path: '/tor/keys/all.z',
    host: '10.0.0.1:1',
    onProgress: () => signs.push('piece'),
    onDocument: () => signs.push('document'),
  }
  const reply = getDocument(connection, request, clock, controller.signal)
  reply.catch(() => {})
  return { network, clock, controller, connection, reply, signs }
}

describe('a directory request', () => {
  it.each([
    [httpReply(200, 'plain text'), { kind: 'document', body: Buffer.from('plain text') }],
    [deflated('packed text'), { kind: 'document', body: Buffer.from('packed text') }],
    [
      httpReply(200, 'exactly this much', ['Content-Length: 7']),
      { kind: 'document', body: Buffer.from('exactly') },
    ],
    [httpReply(200, 'cut', ['Content-Length: 700']), { kind: 'document', body: Buffer.from('cut') }],
    [httpReply(200), { kind: 'document', body: Buffer.alloc(0) }],
    [httpReply(304), { kind: 'not-modified' }],
    [httpReply(404, 'a page'), { kind: 'not-found' }],
    [httpReply(503), { kind: 'busy' }],
    [httpReply(400), { kind: 'refused', status: 400 }],
  ])('gives what the relay answered (%#)', async (answer, expected) => {
    for (const chunkBytes of [1, 7, 100_000]) {
      const { reply, network, clock } = await ask(answer, chunkBytes)
      expect(await reply).toEqual(expected)
      expect(network.openStreams).toBe(0)
      expect(clock.liveTimers()).toBe(0)
    }
  })

  it.each([
    ['malformed', 'ends within its head', Buffer.from('HTTP/1.0 200 OK\r\nA: b')],
    ['malformed', 'is no HTTP', Buffer.from('\0\0\0\0\r\n\r\n')],
    ['malformed', 'is cut short within its packed body', deflated('text'.repeat(99)).subarray(0, -5)],
    ['limit', 'has a head that never ends', Buffer.alloc(60_000, 'x')],
    ['limit', 'announces too long a body', httpReply(200, 'x', [`Content-Length: ${MAX_BODY_BYTES + 1}`])],
    ['limit', 'has too long a body', httpReply(200, Buffer.alloc(MAX_BODY_BYTES + 1))],
    ['circuit-failed', 'ends with the circuit', 'reset'],
  ] satisfies [string, string, FakeAnswer][])('fails as %s when the reply %s', async (kind, _, answer) => {
    const { reply, network, clock } = await ask(answer, 50_000)
    const error: unknown = await reply.catch((thrown: unknown) => thrown)
    expect(isTorError(error) && error.kind).toBe(kind)
    expect(network.openStreams).toBe(0)
    expect(clock.liveTimers()).toBe(0)
  })

  it('is given up when the relay says nothing for too long', async () => {
    const { reply, network, clock } = await ask('hang')
    await settle()
    clock.advance(STALL_LIMIT_MS)
    const error: unknown = await reply.catch((thrown: unknown) => thrown)
    expect(isTorError(error, 'timeout')).toBe(true)
    expect(network.openStreams).toBe(0)
    expect(clock.liveTimers()).toBe(0)
  })

  it('goes on as long as something comes, up to its limit', async () => {
    const clock = countingClock(0)
    const stream = new TricklingStream()
    const trickler = { relayName: 'trickler', close: () => {}, openDirectoryStream: async () => stream }
    let error: unknown
    getDocument(trickler, { path: '/', host: 'h' }, clock, new AbortController().signal).catch(
      (thrown: unknown) => {
        error = thrown
      },
    )
    await settle()
    const isOver = (): boolean => {
      stream.sink?.onData(Buffer.from('HTTP/1.0 200 OK\r\n\r\nx'))
      return error !== undefined
    }
    await advanceUntil(clock, STALL_LIMIT_MS - 1, isOver, 'the limit')
    expect(isTorError(error, 'timeout')).toBe(true)
    expect(clock.monotonicMs()).toBeGreaterThanOrEqual(REQUEST_LIMIT_MS)
    expect(stream.isDestroyed).toBe(true)
    expect(clock.liveTimers()).toBe(0)
  })

  describe('for megabytes, on a line that is slow but steady,', () => {
    const EVERY_MS = 10_000

    /** How it ended, and when, of a reply that has so many bytes every ten seconds. */
    async function endOf(bytesAt: (nowMs: number) => number, isLarge = true) {
      const clock = countingClock(0)
      const stream = new TricklingStream()
      const trickler = { relayName: 'trickler', close: () => {}, openDirectoryStream: async () => stream }
      let error: unknown
      const request = { path: '/', host: 'h', isLarge }
      getDocument(trickler, request, clock, new AbortController().signal).catch((thrown: unknown) => {
        error = thrown
      })
      await settle()
      stream.sink?.onData(Buffer.from('HTTP/1.0 200 OK\r\n\r\n'))
      const isOver = (): boolean => {
        stream.sink?.onData(Buffer.alloc(bytesAt(clock.monotonicMs()), 'x'))
        return error !== undefined
      }
      await advanceUntil(clock, EVERY_MS, isOver, 'the end')
      expect([isTorError(error, 'timeout'), stream.isDestroyed, clock.liveTimers()]).toEqual([true, true, 0])
      return clock.monotonicMs()
    }
    const STEADY = (1.1 * STEADY_BYTES_PER_SECOND * EVERY_MS) / 1000

    it('goes on to a limit of its own', async () => {
      expect(await endOf(() => STEADY)).toBe(LARGE_REQUEST_LIMIT_MS)
    })

    it('is given up when it is no longer steady', async () => {
      const endMs = await endOf((nowMs) => (nowMs < 300_000 ? STEADY : 1))
      expect(endMs).toBeGreaterThan(REQUEST_LIMIT_MS)
      expect(endMs).toBeLessThan(345_000)
    })

    it('has no more time than others where it trickles, and no other has more for being steady', async () => {
      expect(await endOf(() => STEADY / 2)).toBe(REQUEST_LIMIT_MS)
      expect(await endOf(() => STEADY * 10, false)).toBe(REQUEST_LIMIT_MS)
    })
  })

  it('keeps nothing of the blocks in which a relay sends a byte at a time', async () => {
    const stream = new TricklingStream()
    const trickler = { relayName: 'trickler', close: () => {}, openDirectoryStream: async () => stream }
    const request = { path: '/', host: 'h' }
    const reply = getDocument(trickler, request, countingClock(0), new AbortController().signal)
    await settle()
    stream.sink?.onData(Buffer.from('HTTP/1.0 200 OK\r\n\r\n'))
    const block = Buffer.alloc(65_536, 'a')
    for (let at = 0; at < 9; at++) stream.sink?.onData(block.subarray(at, at + 1))
    // A view of the block would show it.
    block.fill('b')
    stream.sink?.onEnd()
    expect(await reply).toEqual({ kind: 'document', body: Buffer.from('aaaaaaaaa') })
  })

  it('tells of each piece, and of a document when it begins', async () => {
    const { reply, signs } = await ask(httpReply(200, 'x'.repeat(1_500)))
    await reply
    expect(signs).toEqual(['piece', 'document', 'piece'])
    const refused = await ask(httpReply(404, 'a page'))
    await refused.reply
    expect(refused.signs).toEqual(['piece'])
  })

  it('ends at once when it is aborted', async () => {
    const { reply, network, clock, controller } = await ask('hang')
    await settle()
    controller.abort()
    const error: unknown = await reply.catch((thrown: unknown) => thrown)
    expect(isTorError(error, 'aborted')).toBe(true)
    expect(network.openStreams).toBe(0)
    expect(clock.liveTimers()).toBe(0)
  })

  it('refuses a path that would end the request line', async () => {
    const { connection, clock } = await ask('hang')
    const request = { path: '/a\r\nEvil: yes', host: 'h' }
    const reply = getDocument(connection, request, clock, new AbortController().signal)
    await expect(reply).rejects.toEqual(expect.objectContaining({ kind: 'internal' }))
  })
})

describe('expecting a document', () => {
  it('turns every other answer into its error', () => {
    expect(expectDocument({ kind: 'document', body: Buffer.from('x') }, 'it')).toEqual(Buffer.from('x'))
    for (const kind of ['not-modified', 'not-found', 'busy'] as const) {
      expect(() => expectDocument({ kind }, 'it')).toThrow(
        expect.objectContaining({ kind: 'directory-refused' }),
      )
    }
    expect(() => expectDocument({ kind: 'refused', status: 400 }, 'it')).toThrow(/400/)
  })
})
