/** Connections on which a byte comes now and then: always something, never enough (slow loris). */
import { encodeVariableCell } from '../../../core/cell/cell-codec.ts'
import { encodeChannelCell } from '../../../core/cell/channel-message-codec.ts'
import { ChannelCommand } from '../../../core/cell/commands.ts'
import type { Duplex } from 'node:stream'
import type { NetworkClock } from '../relays/network-core.ts'

/** Shorter than anybody waits for a sign of life. */
const DRIP_MS = 3_000

/** The head of the longest record of a TLS handshake, which has to be there before it can be read. */
export const HEAD_OF_TLS = Buffer.concat([Buffer.from('1603034000', 'hex'), Buffer.alloc(16_384)])

/** VERSIONS, and padding of 65,535 bytes, which a client has to take. */
export const HEAD_OF_LINK = Buffer.concat([
  encodeChannelCell(0, { kind: 'versions', versions: [4, 5] }),
  encodeVariableCell(0, ChannelCommand.VPADDING, Buffer.alloc(65_535)),
])

export function drip(socket: Duplex, bytes: Buffer, clock: NetworkClock, onByte: () => void): void {
  let at = 0
  const next = (): ReturnType<NetworkClock['setTimer']> =>
    clock.setTimer(DRIP_MS, () => {
      if (socket.destroyed) return
      onByte()
      socket.write(bytes.subarray(at, ++at))
      timer = next()
    })
  let timer = next()
  socket.once('close', () => timer.cancel())
}
