import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  clientIdOfStreamStart,
  MAX_PACKET_BYTES,
  PacketDecoder,
  packetPrefix,
  streamStart,
} from '../../../../core/transport/snowflake/encapsulation.ts'
import vectors from '../../../vectors/snowflake.json' with { type: 'json' }

/** The packets in `wire`, which comes in pieces of the given sizes in turn. */
function packetsIn(wire: Uint8Array, sizes: readonly number[] = [wire.length]): Buffer[] {
  const packets: Buffer[] = []
  const decoder = new PacketDecoder((packet) => packets.push(Buffer.from(packet)))
  for (let at = 0, turn = 0; at < wire.length; turn++) {
    const size = sizes[turn % sizes.length] ?? 1
    decoder.decode(wire.subarray(at, at + size))
    at += size
  }
  return packets
}

function chunk(packet: Uint8Array): Buffer {
  return Buffer.concat([packetPrefix(packet.length), packet])
}

describe("the reference's vectors", () => {
  test.each(vectors.encapsulation.prefix_vectors)(
    'a packet of $length bytes begins with $data_prefix',
    (vector) => {
      expect(packetPrefix(vector.length).toString('hex')).toBe(vector.data_prefix)
    },
  )

  test('a prefix that is longer than it need be is read, too', () => {
    const wire = Buffer.concat([Buffer.from('04aaaaaaaa', 'hex'), Buffer.from('4004bbbbbbbb82cccc', 'hex')])
    expect(packetsIn(wire)).toEqual([Buffer.from('cccc', 'hex')])
  })

  test('a prefix with a third continuation bit is malformed', () => {
    for (const wire of ['c08080', '408080', 'ffffff']) {
      expect(() => packetsIn(Buffer.from(wire, 'hex'), [1])).toThrow('more than three bytes')
    }
  })

  test('a stream starts with the token and who we are', () => {
    const id = Buffer.from('0102030405060708', 'hex')
    const start = streamStart(id)
    expect(start.toString('hex')).toBe(`${vectors.turbotunnel_token}0102030405060708`)
    expect(clientIdOfStreamStart(start)).toEqual(id)
    expect(clientIdOfStreamStart(Buffer.alloc(16))).toBeUndefined()
  })
})

test('a length that no prefix can say is refused', () => {
  expect(() => packetPrefix(2 ** 20)).toThrow('cannot be encapsulated')
})

test('packets come out as they went in, however the bytes between are cut, and padding does not come out', () => {
  const packets = fc.array(fc.uint8Array({ maxLength: MAX_PACKET_BYTES }), { maxLength: 8 })
  const sizes = fc.array(fc.integer({ min: 1, max: 2000 }), { minLength: 1, maxLength: 10 })
  fc.assert(
    fc.property(packets, sizes, fc.nat(60), (sent, cuts, paddingBytes) => {
      const padding = Buffer.concat([Buffer.of(paddingBytes), Buffer.alloc(paddingBytes, 0xff)])
      const wire = Buffer.concat(sent.flatMap((packet) => [padding, chunk(packet)]))
      expect(packetsIn(wire, cuts).map((packet) => [...packet])).toEqual(sent.map((packet) => [...packet]))
    }),
    { numRuns: 60 },
  )
})

test('a packet that is longer than any of use is left out, and what follows it is read', () => {
  const wire = Buffer.concat([
    chunk(Buffer.alloc(MAX_PACKET_BYTES + 1)),
    chunk(Buffer.alloc(MAX_PACKET_BYTES, 7)),
    packetPrefix(2 ** 20 - 1),
    Buffer.alloc(2 ** 20 - 1),
    chunk(Buffer.of(9)),
  ])
  expect(packetsIn(wire, [4096]).map((packet) => packet[0])).toEqual([7, 9])
})

test('whatever comes, it is read or malformed, and never anything else', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
      try {
        packetsIn(bytes, [7])
      } catch (error) {
        expect(error).toMatchObject({ kind: 'malformed' })
      }
    }),
    { numRuns: 200 },
  )
})
