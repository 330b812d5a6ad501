/**
 * One end of KCP with one smux stream on it, as a Snowflake session has them, against packets of a server that may say
 * anything. What is kept stays bounded, nobody is told to hurry for ever, and the reader gets no more than its window.
 */
import { Kcp } from '../../../core/transport/snowflake/kcp.ts'
import {
  KCP_ACK,
  KCP_DATA,
  KCP_WINDOW_ASK,
  KCP_WINDOW_TELL,
  writeKcpHeader,
} from '../../../core/transport/snowflake/kcp-segment.ts'
import {
  SMUX_DATA,
  SMUX_END,
  SMUX_KEEP_ALIVE,
  smuxHeader,
  windowFrame,
} from '../../../core/transport/snowflake/smux-frame.ts'
import { SmuxStream, STREAM_WINDOW_BYTES } from '../../../core/transport/snowflake/smux-stream.ts'
import { isTorError } from '../../../core/util/errors.ts'
import { mustHold } from '../engine/target.ts'
import type { Script } from './script.ts'

const CONVERSATION = 0x01020304
const STREAM = 3
const MOST_SEGMENTS = 1_088
const MOST_HELD_BYTES = 2 * 2 ** 20
const MOST_ACKNOWLEDGEMENTS = 1_024
/** As many flushes at one moment are a loop. */
const MOST_FLUSHES = 2_000

export class KcpMachine {
  readonly #script: Script
  readonly #kcp: Kcp
  readonly #smux: SmuxStream
  #nowMs = 0
  #hasRoom = true
  #nextNumber = 0
  #unread = 0
  #hasEnded = false
  #isBroken = false

  constructor(script: Script) {
    this.#script = script
    this.#kcp = new Kcp({
      conversation: CONVERSATION,
      nowMs: () => this.#nowMs,
      hasRoom: () => this.#hasRoom,
      onPacket: (packet) => {
        mustHold(packet.length > 0 && packet.length <= 1_400, 'a packet of a length that KCP does not have')
      },
      onData: (bytes) => this.#smux.onBytes(bytes),
    })
    this.#smux = new SmuxStream({
      send: (bytes) => this.#write(bytes),
      onData: (bytes) => {
        mustHold(!this.#hasEnded, 'data after the end')
        this.#unread += bytes.length
        mustHold(this.#unread <= STREAM_WINDOW_BYTES, 'more unread data than the window')
      },
      onEnd: () => {
        mustHold(!this.#hasEnded, 'two ends')
        this.#hasEnded = true
      },
    })
  }

  run(): void {
    while (!this.#script.isOver && !this.#isBroken) {
      this.#step()
      const { segments, heldBytes, acknowledgements } = this.#kcp.kept
      mustHold(segments <= MOST_SEGMENTS, `${segments} segments are kept`)
      mustHold(heldBytes <= MOST_HELD_BYTES, `${heldBytes} bytes wait for their turn`)
      mustHold(acknowledgements <= MOST_ACKNOWLEDGEMENTS, `${acknowledgements} acknowledgements wait`)
      mustHold(this.#smux.windowBytes >= 0 && this.#smux.windowBytes <= STREAM_WINDOW_BYTES, 'a window')
    }
  }

  #step(): void {
    const script = this.#script
    switch (script.below(10)) {
      case 0:
      case 1:
        return this.#receive(this.#packet())
      case 2:
        return this.#receive(this.#segment(KCP_DATA, this.#nextNumber++, this.#frame()))
      case 3:
        return this.#receive(script.take(script.u8()))
      case 4: {
        const bytes = Math.min(this.#smux.windowBytes, script.u16())
        if (this.#kcp.hasRoom && bytes > 0) this.#smux.write(Buffer.alloc(bytes, 0x61))
        return
      }
      case 5:
        this.#nowMs += script.u8() * script.u8()
        return this.#flush()
      case 6:
        this.#hasRoom = !this.#hasRoom
        return this.#flush()
      case 7: {
        const taken = Math.min(this.#unread, script.u16() * 16)
        this.#unread -= taken
        if (taken > 0) this.#smux.onConsumed(taken)
        return
      }
      case 8:
        if (script.below(8) === 0) this.#smux.end()
        else this.#smux.keepAlive()
        return
      default:
        return this.#kcp.onPathLost()
    }
  }

  #write(bytes: Uint8Array): void {
    try {
      this.#kcp.write(bytes)
    } catch (error) {
      if (!isTorError(error, 'limit')) throw error
      this.#isBroken = true
    }
  }

  /** All segments of the packet are seen or none: a violation ends the session. */
  #receive(packet: Buffer): void {
    try {
      this.#kcp.onPacket(Buffer.from(packet))
    } catch (error) {
      if (!isTorError(error, 'protocol-violation')) throw error
      this.#isBroken = true
    }
  }

  #flush(): void {
    let wakeMs = this.#kcp.flush()
    for (let flushes = 0; wakeMs !== undefined && wakeMs <= this.#nowMs && this.#hasRoom; flushes++) {
      mustHold(flushes < MOST_FLUSHES, 'it is told to flush again and again at one moment')
      wakeMs = this.#kcp.flush()
    }
    mustHold(wakeMs === undefined || Number.isFinite(wakeMs), 'a moment that is none')
  }

  #packet(): Buffer {
    const script = this.#script
    const segments: Buffer[] = []
    for (let left = script.below(4); left >= 0; left--) {
      const command = script.pick([KCP_ACK, KCP_ACK, KCP_DATA, KCP_WINDOW_ASK, KCP_WINDOW_TELL]) ?? KCP_ACK
      const number = script.below(3) === 0 ? script.u16() * script.u16() : this.#nextNumber + script.u8() - 20
      segments.push(this.#segment(command, number, command === KCP_DATA ? this.#frame() : Buffer.alloc(0)))
    }
    return Buffer.concat(segments)
  }

  #segment(command: number, number: number, data: Buffer): Buffer {
    const script = this.#script
    const header = Buffer.alloc(24)
    const fields = {
      command,
      window: script.below(3) === 0 ? script.u8() : 65_535,
      sentMs: (script.below(4) === 0 ? script.u16() * script.u16() : this.#nowMs) >>> 0,
      number: number >>> 0,
      unacknowledged: (script.below(4) === 0 ? script.u16() * script.u16() : script.u8()) >>> 0,
    }
    writeKcpHeader(header, 0, CONVERSATION, fields, data.length)
    return Buffer.concat([header, data])
  }

  #frame(): Buffer {
    const script = this.#script
    const stream = script.below(8) === 0 ? script.u8() : STREAM
    switch (script.below(5)) {
      case 0:
        return windowFrame(stream, script.u16(), script.u16() * script.u8())
      case 1:
        return smuxHeader(script.below(6) === 0 ? SMUX_END : SMUX_KEEP_ALIVE, stream, 0)
      case 2:
        return script.take(script.below(40))
      default: {
        const data = Buffer.alloc(script.u16() % 4_000, 0x62)
        return Buffer.concat([smuxHeader(SMUX_DATA, stream, data.length), data])
      }
    }
  }
}
