import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { request } from 'node:http'
import { finished as finishedReading, Readable, Writable } from 'node:stream'
import { buffer, text } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { TorDuplex } from '../../../core/client/tor-duplex.ts'
import { DataStream } from '../../../core/stream/data-stream.ts'
import { resolveName } from '../../../core/stream/resolve-stream.ts'
import { BEGIN_TARGET, type OpenCircuit, openCircuit, STREAM_DEPS } from '../../network/client-side.ts'
import { createDeferred } from '../../../core/util/deferred.ts'
import { FakeNetwork } from '../../network/fake-network.ts'
import { DONE, echo, type FakeStream, silent } from '../../network/fake-stream.ts'

const CELL_PAYLOAD = 498

let network: FakeNetwork
let open: OpenCircuit

beforeEach(async () => {
  network = await FakeNetwork.start()
  network.script.service = silent
  open = await openCircuit(network)
})

afterEach(async () => {
  expect(network.violations).toEqual([])
  await network.close()
})

async function openDuplex(): Promise<{ duplex: TorDuplex; exit: FakeStream }> {
  const duplex = new TorDuplex(await DataStream.open(open.circuit, BEGIN_TARGET, STREAM_DEPS))
  return { duplex, exit: await open.relays.streams.take() }
}

/** Twice: the first brings what the relays have sent, the second takes back what the client says to it. */
async function roundTrip(): Promise<void> {
  await resolveName(open.circuit, 'round.trip', false)
  await resolveName(open.circuit, 'round.trip', false)
}

describe('a Tor stream as a Duplex', () => {
  it('carries an HTTP request and its answer', async () => {
    const { duplex, exit } = await openDuplex()
    exit.onBytes = () => {
      exit.send(Buffer.from('HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello, world'))
      exit.end()
    }
    const closed = once(duplex, 'close')
    const outgoing = request({ createConnection: () => duplex, host: 'example.com', path: '/page' })
    const answered = once(outgoing, 'response')
    outgoing.end()
    const [response] = (await answered) as [Readable & { statusCode: number }]
    expect(response.statusCode).toBe(200)
    expect(await text(response)).toBe('hello, world')
    await closed
  })

  it('gives the answer to who ends with the request, as the README’s example does', async () => {
    const { duplex, exit } = await openDuplex()
    let asked = ''
    exit.onBytes = (bytes) => {
      asked += bytes.toString()
      if (!asked.endsWith('\r\n\r\n')) return
      exit.send(Buffer.from('HTTP/1.0 200 OK\r\n\r\nhello, world'))
      exit.end()
    }
    const closed = once(duplex, 'close')
    duplex.end('GET / HTTP/1.0\r\nHost: example.com\r\n\r\n')
    expect(await text(duplex)).toBe('HTTP/1.0 200 OK\r\n\r\nhello, world')
    await closed
  })

  it('still sends what was written when it is to be destroyed soon, and says END behind it', async () => {
    const { duplex, exit } = await openDuplex()
    const payload = randomBytes(700 * CELL_PAYLOAD + 5)
    duplex.write(payload)
    duplex.destroySoon()
    expect(await exit.ended).toEqual(Buffer.of(DONE))
    expect(exit.digest).toBe(createHash('sha256').update(payload).digest('hex'))
    expect(duplex.errored).toBeNull()
  })

  it('carries a pipeline whole, at the pace of the network', async () => {
    const { duplex, exit } = await openDuplex()
    const payload = randomBytes(2000 * CELL_PAYLOAD + 5)
    const pieces = Array.from({ length: 40 }, (_, index) => {
      const size = Math.ceil(payload.length / 40)
      return payload.subarray(index * size, (index + 1) * size)
    })
    await pipeline(Readable.from(pieces), duplex)
    // It is over when all has left; an exit cannot be told that no more comes without that ending both ways.
    duplex.destroy()
    expect(await exit.ended).toEqual(Buffer.of(DONE))
    expect(exit.digest).toBe(createHash('sha256').update(payload).digest('hex'))
  })

  it('gives a slow reader everything, and lets the exit send no more meanwhile', async () => {
    const { duplex, exit } = await openDuplex()
    const payload = randomBytes(1500 * CELL_PAYLOAD)
    exit.send(payload)
    exit.end()
    await roundTrip()
    expect(exit.sendWindow).toBe(0)
    const chunks: Buffer[] = []
    const slow = new Writable({
      highWaterMark: 1,
      write(chunk: Buffer, _encoding, callback) {
        chunks.push(chunk)
        setImmediate(callback)
      },
    })
    await pipeline(duplex, slow)
    expect(Buffer.concat(chunks).equals(payload)).toBe(true)
  })

  it('makes a writer wait while the exit acknowledges nothing', async () => {
    const { duplex, exit } = await openDuplex()
    exit.holdsSendmes = true
    let written = 0
    const done = new Promise<void>((resolve) => {
      const more = (): void => {
        written++
        if (written > 200) resolve()
        else duplex.write(Buffer.alloc(8192), more)
      }
      more()
    })
    await exit.waitForCells(500)
    await roundTrip()
    const writtenBefore = written
    await roundTrip()
    expect(written).toBe(writtenBefore)
    expect(written * 8192).toBeLessThan(500 * CELL_PAYLOAD + 150_000)
    expect(exit.outstandingCells).toBe(500)
    exit.releaseSendmes()
    await done
    duplex.destroy()
    await exit.ended
  })

  it('echoes both ways at once', async () => {
    network.script.service = echo
    const { duplex } = await openDuplex()
    const payload = randomBytes(300_000)
    const received: Buffer[] = []
    let count = 0
    const all = new Promise<void>((resolve) =>
      duplex.on('data', (chunk: Buffer) => {
        received.push(chunk)
        count += chunk.length
        if (count === payload.length) resolve()
      }),
    )
    duplex.write(payload)
    await all
    expect(Buffer.concat(received).equals(payload)).toBe(true)
    const closed = once(duplex, 'close')
    duplex.destroySoon()
    await closed
  })

  it('ends in good order when the other end is done', async () => {
    const { duplex, exit } = await openDuplex()
    const closed = once(duplex, 'close')
    exit.send(Buffer.from('bye'))
    exit.end()
    expect((await buffer(duplex)).toString()).toBe('bye')
    await closed
    expect(duplex.errored).toBeNull()
  })

  describe('that the exit ends before it has taken all that was written', () => {
    /** Writes, and has the exit say a few words and END when it has what its window has room for. */
    async function cutShort(write: (duplex: TorDuplex) => void): Promise<TorDuplex> {
      const { duplex, exit } = await openDuplex()
      exit.holdsSendmes = true
      write(duplex)
      await exit.waitForCells(500)
      exit.send(Buffer.from('too much'))
      exit.end()
      return duplex
    }
    const lost = { kind: 'closed' }

    it.each([
      ['while a write waits', (duplex: TorDuplex) => void duplex.write(Buffer.alloc(5_000_000))],
      [
        'while a write and the end of writing wait',
        (duplex: TorDuplex) => {
          duplex.write(Buffer.alloc(5_000_000))
          duplex.end(Buffer.alloc(100))
        },
      ],
      [
        'while only the stream still has some of it',
        (duplex: TorDuplex) => void duplex.write(Buffer.alloc(501 * CELL_PAYLOAD)),
      ],
      [
        'while only the end of writing waits for it',
        (duplex: TorDuplex) => void duplex.end(Buffer.alloc(501 * CELL_PAYLOAD)),
      ],
    ])('%s, gives what it said, and never finishes', async (_when, write) => {
      let hasFinished = false
      const duplex = await cutShort((opened) => {
        opened.on('finish', () => (hasFinished = true))
        write(opened)
      })
      const closed = once(duplex, 'close')
      expect(await text(duplex)).toBe('too much')
      await closed
      expect(hasFinished).toBe(false)
    })

    it('tells the write of what is lost when the answer was read', async () => {
      const written = createDeferred<Error | null | undefined>()
      const duplex = await cutShort((opened) => opened.write(Buffer.alloc(5_000_000), written.resolve))
      expect(await text(duplex)).toBe('too much')
      expect(await written.promise).toMatchObject(lost)
    })

    it('takes a farewell that answers its last words, as TLS has one, without harm to them', async () => {
      const { duplex, exit } = await openDuplex()
      exit.holdsSendmes = true
      // The window is used up, so that the farewell is still there when the end comes.
      duplex.write(Buffer.alloc(500 * CELL_PAYLOAD))
      await exit.waitForCells(500)
      const words: string[] = []
      duplex.on('data', (chunk: Buffer) => {
        words.push(chunk.toString())
        duplex.write('farewell')
        duplex.end()
      })
      const finished = new Promise((resolve) => duplex.on('finish', () => resolve('finish')))
      const closed = once(duplex, 'close').then(() => 'close')
      exit.send(Buffer.from('bye'))
      exit.end()
      expect(await Promise.race([finished, closed])).toBe('close')
      expect([words, duplex.errored]).toEqual([['bye'], null])
    })

    it('fails at once where nobody reads, and so does the write', async () => {
      const written = createDeferred<Error | null | undefined>()
      const duplex = await cutShort((opened) => opened.write(Buffer.alloc(5_000_000), written.resolve))
      expect(await once(duplex, 'error')).toMatchObject([lost])
      expect(await written.promise).toMatchObject(lost)
    })

    it('never finishes what is written behind the end before that was read', async () => {
      const { duplex, exit } = await openDuplex()
      duplex.pause()
      exit.send(Buffer.from('bye'))
      exit.end()
      await roundTrip()
      const ended = createDeferred<Error | null | undefined>()
      duplex.write('late')
      duplex.end(ended.resolve as () => void)
      expect(await text(duplex)).toBe('bye')
      expect(await ended.promise).toBeInstanceOf(Error)
      expect(duplex.errored).toBeNull()
    })
  })

  describe('that the exit ends behind more of an answer than is read', () => {
    const lost = { kind: 'closed' }
    const long = Buffer.alloc(200 * CELL_PAYLOAD, 'x')

    /** The exit sends more than the duplex holds for its reader, and END. */
    async function answerUnread(exit: FakeStream): Promise<void> {
      exit.send(long)
      exit.end()
      await roundTrip()
    }

    it.each([
      ['the end of writing', 501 * CELL_PAYLOAD],
      ['a write', 5_000_000],
    ])('tells who takes no answer that what %s waited for is lost', async (_what, size) => {
      const { duplex, exit } = await openDuplex()
      exit.holdsSendmes = true
      const ended = createDeferred<Error | null | undefined>()
      const closed = once(duplex, 'error')
      duplex.end(Buffer.alloc(size), ended.resolve as () => void)
      await exit.waitForCells(500)
      await answerUnread(exit)
      expect(await closed).toMatchObject([lost])
      expect(await ended.promise).toMatchObject(lost)
    })

    it('never says that what is written behind the end has left', async () => {
      const { duplex, exit } = await openDuplex()
      await answerUnread(exit)
      const failed = once(duplex, 'error')
      const ended = createDeferred<Error | null | undefined>()
      duplex.end('late', ended.resolve as () => void)
      expect(await ended.promise).toBeInstanceOf(Error)
      expect(await failed).toMatchObject([lost])
    })

    it('lets who ends with nothing left to send finish, and read on', async () => {
      const { duplex, exit } = await openDuplex()
      duplex.pause()
      await answerUnread(exit)
      const finished = once(duplex, 'finish')
      duplex.end()
      await finished
      expect(await buffer(duplex)).toEqual(long)
    })

    it('gives a reader all of it, and never finishes what is lost', async () => {
      const { duplex, exit } = await openDuplex()
      exit.holdsSendmes = true
      let hasFinished = false
      duplex.on('finish', () => (hasFinished = true))
      duplex.pause()
      duplex.write(Buffer.alloc(501 * CELL_PAYLOAD))
      await exit.waitForCells(500)
      await answerUnread(exit)
      duplex.end()
      const closed = once(duplex, 'close')
      expect(await buffer(duplex)).toEqual(long)
      await closed
      expect([hasFinished, duplex.errored]).toEqual([false, null])
    })

    it('says why a circuit took what was written with it', async () => {
      const { duplex, exit } = await openDuplex()
      exit.holdsSendmes = true
      const failed = once(duplex, 'error')
      duplex.end(Buffer.alloc(501 * CELL_PAYLOAD))
      await exit.waitForCells(500)
      exit.send(long)
      await roundTrip()
      open.relays.destroy(9)
      expect(await failed).toMatchObject([{ kind: 'circuit-failed' }])
    })
  })

  it('does not make an answer look complete that its own user cut off', async () => {
    const { duplex, exit } = await openDuplex()
    let hasEnded = false
    duplex.on('end', () => (hasEnded = true))
    duplex.once('data', () => duplex.destroy())
    const finished = once(duplex, 'finish')
    duplex.end('request')
    await finished
    const over = createDeferred<Error | null | undefined>()
    finishedReading(duplex, { writable: false }, over.resolve)
    exit.send(Buffer.from('the first half'))
    expect(await over.promise).toMatchObject({ code: 'ERR_STREAM_PREMATURE_CLOSE' })
    expect(hasEnded).toBe(false)
    expect(await exit.ended).toEqual(Buffer.of(DONE))
  })

  it('fails with the circuit, also a write that waits', async () => {
    const { duplex, exit } = await openDuplex()
    exit.holdsSendmes = true
    const failed = once(duplex, 'error')
    const written = new Promise<Error | null | undefined>((resolve) => {
      duplex.write(Buffer.alloc(900 * CELL_PAYLOAD), resolve)
    })
    await exit.waitForCells(500)
    open.relays.destroy(9)
    expect(await failed).toMatchObject([{ kind: 'circuit-failed' }])
    expect(await written).toBeInstanceOf(Error)
  })

  it('tells the exit when it is destroyed', async () => {
    const { duplex, exit } = await openDuplex()
    duplex.destroy()
    expect(await exit.ended).toEqual(Buffer.of(1))
    duplex.destroy()
    expect(open.circuit.isOpen).toBe(true)
  })

  it('keeps an error of its user for its user', async () => {
    const { duplex, exit } = await openDuplex()
    const failed = once(duplex, 'error')
    duplex.destroy(new Error('mine'))
    expect(await failed).toMatchObject([{ message: 'mine' }])
    expect(await exit.ended).toEqual(Buffer.of(1))
  })
})
