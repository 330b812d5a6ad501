/** The streams of obfs4 and meek, driven by a script: what the reader gets is what was sent, and everything ends. */
import type { Socket } from 'node:net'
import { Duplex } from 'node:stream'
import { FrameEncoder } from '../../../core/transport/obfs4/frames.ts'
import { Obfs4Stream } from '../../../core/transport/obfs4/obfs4-stream.ts'
import { MeekStream } from '../../../core/transport/meek/meek-stream.ts'
import { isTorError, TorError } from '../../../core/util/errors.ts'
import { type ManualClock, manualClock } from '../../support/manual-clock.ts'
import { seededRandom } from '../../support/seeded-random.ts'
import { mustHold } from '../engine/target.ts'
import type { Script } from './script.ts'

const KEYS = Buffer.alloc(72, 7)
const MOST_STEPS = 60

/** A connection whose other end is the script. */
class FakeSocket extends Duplex {
  isFull = false
  writtenBytes = 0
  #onWritten: (() => void) | undefined
  constructor() {
    super({ allowHalfOpen: true, writableHighWaterMark: 4_000 })
  }
  override _read(): void {}
  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.writtenBytes += chunk.length
    if (this.isFull) this.#onWritten = done
    else done()
  }
  drain(): void {
    this.isFull = false
    const done = this.#onWritten
    this.#onWritten = undefined
    done?.()
  }
}

/** A stream's user, who reads when told to, and holds what comes against what was sent. */
class StreamUser {
  readonly stream: Duplex
  received: Buffer = Buffer.alloc(0)
  hasEnded = false
  isClosed = false
  error: Error | undefined

  constructor(stream: Duplex) {
    this.stream = stream
    stream.on('end', () => (this.hasEnded = true))
    stream.on('close', () => (this.isClosed = true))
    stream.on('error', (error: Error) => (this.error = error))
    // What is read without being asked for would hide the pauses.
    stream.pause()
  }

  read(): void {
    for (let chunk: unknown = this.stream.read(); Buffer.isBuffer(chunk); chunk = this.stream.read()) {
      this.received = Buffer.concat([this.received, chunk])
    }
  }

  act(script: Script, clock: ManualClock): void {
    switch (script.below(6)) {
      case 0:
      case 1:
        if (!this.stream.writableEnded && !this.stream.destroyed)
          this.stream.write(Buffer.alloc(script.u16() % 9_000, 0x61))
        return
      case 2:
        return this.read()
      case 3:
        return clock.advance(script.u8() * 40)
      case 4:
        if (script.below(6) === 0) this.stream.end()
        return
      default:
        if (script.below(12) === 0) this.stream.destroy()
    }
  }

  async finish(sentBytes: () => Buffer, isWhole: boolean, clock: ManualClock): Promise<void> {
    for (let before = -1; before !== this.received.length; ) {
      before = this.received.length
      this.read()
      await turns()
      this.read()
    }
    const sent = sentBytes()
    mustHold(sent.subarray(0, this.received.length).equals(this.received), 'other bytes than were sent')
    if (isWhole && !this.stream.destroyed) mustHold(this.received.equals(sent), 'not all that was sent')
    this.stream.destroy()
    clock.advance(400_000)
    await turns()
    mustHold(this.isClosed, 'the stream never closes')
    mustHold(
      this.error === undefined || isNoBug(this.error),
      `an error that is none of ours: ${String(this.error)}`,
    )
  }
}

function isNoBug(error: Error): boolean {
  // Node's own word for what is written behind the end, which is the script's doing.
  return (
    (isTorError(error) && error.kind !== 'internal') || Reflect.get(error, 'code') === 'ERR_STREAM_DESTROYED'
  )
}

export async function runObfs4Stream(script: Script): Promise<void> {
  const clock = manualClock()
  const socket = new FakeSocket()
  const iatMode = ([0, 1, 2] as const)[script.below(3)] ?? 0
  const session = { toBridge: Buffer.from(KEYS), fromBridge: Buffer.from(KEYS), usedBytes: 0 }
  const random = seededRandom(script.u8())
  const parts = { socket: socket as unknown as Socket, session, iatMode, clock, random }
  const user = new StreamUser(new Obfs4Stream(parts))
  const encoder = new FrameEncoder(KEYS)
  let sent: Buffer = Buffer.alloc(0)
  let isHonest = true
  for (let step = 0; step < MOST_STEPS && !script.isOver; step++) {
    switch (script.below(10)) {
      case 0:
      case 1:
      case 2: {
        const payload = Buffer.alloc(script.u16() % 1_400, script.u8())
        const frame = Buffer.alloc(1_500)
        const end = encoder.encode(payload, script.below(20), frame, 0)
        if (isHonest && !socket.destroyed && !socket.readableEnded) {
          sent = Buffer.concat([sent, payload])
          for (let at = 0; at < end; at += 700)
            socket.push(Buffer.from(frame.subarray(at, Math.min(end, at + 700))))
        }
        break
      }
      case 3:
        isHonest = false
        socket.push(Buffer.from(script.take(1 + script.u8())))
        break
      case 4:
        socket.isFull = true
        break
      case 5:
        socket.drain()
        break
      case 6:
        if (script.below(8) === 0) isHonest = endSocket(socket, script)
        break
      default:
        user.act(script, clock)
    }
    if (script.below(3) === 0) await turns()
  }
  await user.finish(() => sent, isHonest, clock)
  mustHold(socket.destroyed, 'the connection is left open')
}

function endSocket(socket: FakeSocket, script: Script): false {
  if (script.below(2) === 0) socket.push(null)
  else socket.destroy(new Error('ECONNRESET'))
  return false
}

export async function runMeekStream(script: Script): Promise<void> {
  const clock = manualClock()
  let sent: Buffer = Buffer.alloc(0)
  let asked = 0
  let isAsking = false
  let isClosed = false
  const request = async (
    _question: unknown,
    signal: AbortSignal,
  ): Promise<{ status: number; body: Buffer }> => {
    mustHold(!isAsking, 'two requests at once')
    mustHold(!isClosed && !signal.aborted, 'a request behind the end')
    isAsking = true
    asked++
    try {
      await turns()
      if (script.isOver || asked > MOST_STEPS)
        return await new Promise((_, reject) => onAbort(signal, reject))
      return answer()
    } finally {
      isAsking = false
    }
  }
  const answer = (): { status: number; body: Buffer } => {
    const how = script.below(12)
    if (how === 0) return { status: script.pick([404, 429, 502, 503, 302]) ?? 500, body: Buffer.alloc(3) }
    if (how === 1) throw new TorError('channel-failed', 'the script says so')
    const body = how < 5 ? Buffer.alloc(0) : Buffer.alloc(script.u16(), script.u8())
    sent = Buffer.concat([sent, body])
    return { status: 200, body }
  }
  const web = {
    request,
    close: () => {
      isClosed = true
    },
  }
  const target = { url: 'https://a.example/', front: undefined }
  const user = new StreamUser(
    new MeekStream({ target, sessionId: '0'.repeat(32), web, clock }, Buffer.alloc(0)),
  )
  for (let step = 0; step < MOST_STEPS && !script.isOver; step++) {
    user.act(script, clock)
    await turns()
    mustHold(user.stream.readableLength < 2 ** 20 + 2 * 65_536, 'more waits for the reader than may')
  }
  await user.finish(() => sent, false, clock)
  mustHold(isClosed && !isAsking, 'the web session is left open')
}

function onAbort(signal: AbortSignal, reject: (error: unknown) => void): void {
  if (signal.aborted) reject(signal.reason)
  signal.addEventListener('abort', () => reject(signal.reason), { once: true })
}

async function turns(): Promise<void> {
  for (let left = 0; left < 3; left++) await new Promise((resolve) => setImmediate(resolve))
}
