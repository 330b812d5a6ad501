/** Bodies of relay messages as a script wants them: mostly such as relays send, and now and then others. */
import { Command } from './circuit-relays.ts'
import type { Script } from './script.ts'

const NONCE_BYTES = 32

export function bodyFor(command: number, script: Script): Buffer {
  if (script.below(4) === 0) return script.take(script.below(60))
  switch (command) {
    case Command.DATA:
      return Buffer.alloc(1 + (script.u16() % 498), 0x61)
    case Command.END:
      return Buffer.of(script.below(18))
    case Command.CONNECTED:
      return Buffer.of(192, 0, 2, 80, 0, 0, 0, 60)
    case Command.RESOLVED:
      return Buffer.of(4, 4, 192, 0, 2, 7, 0, 0, 0, 60)
    case Command.XON:
      return Buffer.of(0, 0, 0, script.u8(), script.u8())
    case Command.XOFF:
      return Buffer.of(0)
    case Command.CONFLUX_LINK:
    case Command.CONFLUX_LINKED:
      return linkBody(Buffer.alloc(NONCE_BYTES, script.u8()), script.below(3), script.below(3))
    case Command.CONFLUX_LINKED_ACK:
      return Buffer.alloc(0)
    case Command.CONFLUX_SWITCH:
      return Buffer.of(script.below(2), 0, script.below(2), script.u8())
    default:
      return script.take(script.below(30))
  }
}

/** Of LINK and LINKED (proposal 329). */
export function linkBody(nonce: Buffer, lastSent: number, lastReceived: number): Buffer {
  const body = Buffer.alloc(50)
  body[0] = 1
  body.set(nonce, 1)
  body.writeBigUInt64BE(BigInt(lastSent), 33)
  body.writeBigUInt64BE(BigInt(lastReceived), 41)
  body[49] = 1
  return body
}
