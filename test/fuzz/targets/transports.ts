/** What bridges, and whoever stands before them, send through transports: obfs4, and snowflake with all its layers. */
import { BurstShaper } from '../../../core/transport/obfs4/burst-shaper.ts'
import { FrameDecoder, FrameEncoder } from '../../../core/transport/obfs4/frames.ts'
import { LengthDistribution } from '../../../core/transport/obfs4/length-distribution.ts'
import { startObfs4Handshake } from '../../../core/transport/obfs4/obfs4-handshake.ts'
import { decodeAmpArmor } from '../../../core/transport/snowflake/amp-armor.ts'
import { ampCacheUrl, domainPrefix } from '../../../core/transport/snowflake/amp-cache-url.ts'
import { decodeBrokerAnswer } from '../../../core/transport/snowflake/broker-messages.ts'
import {
  clientIdOfStreamStart,
  PacketDecoder,
  packetPrefix,
} from '../../../core/transport/snowflake/encapsulation.ts'
import { conversationOf, readKcpSegments } from '../../../core/transport/snowflake/kcp-segment.ts'
import {
  checkAnswer,
  natTypeOf,
  withoutLocalCandidates,
} from '../../../core/transport/snowflake/session-description.ts'
import { SmuxFrameReader } from '../../../core/transport/snowflake/smux-frame.ts'
import { isTorError } from '../../../core/util/errors.ts'
import { isPublicAddress } from '../../../core/util/public-address.ts'
import { framesWith } from '../../support/obfs4-server.ts'
import { seededRandom } from '../../support/seeded-random.ts'
import captured from '../../vectors/obfs4_handshake.json' with { type: 'json' }
import snowflake from '../../vectors/snowflake.json' with { type: 'json' }
import { cutUp, mustAgree, outcomeOf } from '../engine/oracles.ts'
import { type FuzzTarget, mustHold } from '../engine/target.ts'

const hex = (text: string): Buffer => Buffer.from(text, 'hex')
const FRAME_KEYS = hex(captured.vector.okm144).subarray(72)
const CONVERSATION = 0xfedcba98

/** Frames sealed with the right keys: whoever is the bridge can put anything into them. */
function sealFrames(input: Buffer): Buffer {
  const encoder = new FrameEncoder(FRAME_KEYS)
  const frames: Buffer[] = []
  for (const piece of cutUp(input)) {
    const frame = Buffer.alloc(2000)
    frames.push(frame.subarray(0, encoder.encode(piece, (piece[0] ?? 0) % 50, frame, 0)))
  }
  return Buffer.concat(frames)
}

function openFrames(pieces: readonly Buffer[]): unknown {
  const seeds: string[] = []
  const payload: string[] = []
  const outcome = outcomeOf(() => {
    const sink = { onSeed: (seed: Buffer) => seeds.push(seed.toString('hex')) }
    const decoder = new FrameDecoder(FRAME_KEYS, sink, seededRandom(1))
    for (const piece of pieces) payload.push(decoder.decode(Buffer.from(piece)).toString('hex'))
    return decoder.isInFrame
  })
  const hasFailed = typeof outcome === 'object' && outcome !== null && 'error' in outcome
  // When a forged length is found out depends on chance, and what came with it is lost.
  return hasFailed ? 'an error' : { outcome, seeds, payload: payload.join('') }
}

const SDP = [
  'v=0',
  'o=- 1234 2 IN IP4 127.0.0.1',
  's=-',
  't=0 0',
  'm=application 9 UDP/DTLS/SCTP webrtc-datachannel',
  'c=IN IP4 192.168.1.20',
  'a=candidate:1 1 udp 2122260223 93.184.216.34 50001 typ host generation 0',
  'a=candidate:2 1 udp 1686052607 93.184.216.34 50002 typ srflx raddr 192.168.1.20 rport 50002',
  'a=candidate:3 1 tcp 2122260223 192.168.1.20 50003 typ host',
  'a=candidate:7 1 udp 2122260223 fd00::1 50007 typ host',
  '',
].join('\r\n')

function publicCandidatesOnly(sdp: string): void {
  for (const [, address = ''] of sdp.matchAll(/^a=candidate:\S* \S+ \S+ \S+ (\S+)/gim))
    mustHold(isPublicAddress(address), 'an address of a private network is left')
}

export const TRANSPORT_TARGETS: readonly FuzzTarget[] = [
  {
    name: 'obfs4-frames',
    form: 'binary',
    mayThrow: [],
    unitRuns: 200,
    seeds: () => [
      hex(captured.vector.first_frames_from_server),
      sealFrames(Buffer.from('hello hello hello')),
    ],
    run: (input) => mustAgree(openFrames(cutUp(input)), openFrames([input]), 'frames depend on the cuts'),
  },
  {
    name: 'obfs4-packets',
    form: 'binary',
    mayThrow: [],
    unitRuns: 200,
    seeds: () => [hex('000003616263'), hex(`010018${'ab'.repeat(24)}`), hex('0000ff61'), hex('0900016100')],
    run(input) {
      const wire = framesWith(FRAME_KEYS, input.subarray(0, 1430))
      const whole = openFrames([wire])
      mustAgree(openFrames(cutUp(wire)), whole, 'packets depend on the cuts')
    },
  },
  {
    name: 'obfs4-answer',
    form: 'binary',
    mayThrow: ['channel-failed', 'wrong-identity'],
    maxBytes: 9000,
    unitRuns: 50,
    seeds: () => [hex(captured.vector.server_response)],
    run(input) {
      const identity = { nodeId: hex(captured.server.node_id), publicKey: hex(captured.server.public_key) }
      const handshake = startObfs4Handshake(identity, seededRandom(2), 1_790_000_000_000)
      const session = handshake.onAnswer(input)
      mustHold(session === undefined, 'somebody else was taken for the bridge')
    },
  },
  {
    name: 'obfs4-shape',
    form: 'binary',
    mayThrow: [],
    maxBytes: 24,
    unitRuns: 50,
    // A draw of a permutation of all lengths, block by block of the generator.
    stepsPerByte: 2_000_000,
    seeds: () => [hex(captured.server.drbg_seed)],
    run(input) {
      const seed = Buffer.alloc(24)
      seed.set(input)
      const lengths = new LengthDistribution(seed, 1448)
      mustHold(lengths.values.length > 0 && lengths.values.length <= 100, 'a shape without lengths')
      const sample = lengths.sample(seededRandom(1))
      mustHold(sample >= 0 && sample <= 1448, 'a length that no segment has')
    },
  },
  {
    name: 'obfs4-burst',
    form: 'binary',
    mayThrow: [],
    maxBytes: 27,
    unitRuns: 40,
    stepsPerByte: 2_000_000,
    seeds: () => [Buffer.concat([Buffer.of(2, 1, 0), hex(captured.server.drbg_seed)])],
    run(input) {
      const seed = Buffer.alloc(24)
      seed.set(input.subarray(3))
      const mode = ([0, 1, 2] as const)[(input[0] ?? 0) % 3] ?? 0
      const shaper = new BurstShaper(new FrameEncoder(FRAME_KEYS), mode, seededRandom(4))
      shaper.useSeed(seed)
      const data = Buffer.alloc(((input[1] ?? 0) << 8) | (input[2] ?? 0), 0x61)
      shaper.add(data)
      let sent = 0
      let pieces = 0
      for (let piece = shaper.take(); piece !== undefined; piece = shaper.take()) {
        sent += piece.length
        mustHold(piece.length > 0 && ++pieces < 150_000, 'a burst without end')
      }
      mustHold(
        sent >= data.length && sent < 2 * data.length + 200_000,
        'more padding than there is a reason for',
      )
    },
  },
  {
    name: 'snowflake-encapsulation',
    form: 'binary',
    mayThrow: [],
    seeds: () => [
      ...snowflake.encapsulation.prefix_vectors.map(({ data_prefix: prefix }) => hex(prefix)),
      Buffer.concat([
        packetPrefix(3),
        Buffer.from('abc'),
        Buffer.of(0x02, 0, 0),
        packetPrefix(1500),
        Buffer.alloc(1500),
      ]),
    ],
    run(input) {
      clientIdOfStreamStart(input)
      const decode = (pieces: readonly Buffer[]): unknown => {
        const packets: string[] = []
        const outcome = outcomeOf(() => {
          const decoder = new PacketDecoder((packet) => packets.push(packet.toString('hex')))
          for (const piece of pieces) decoder.decode(piece)
        })
        return { packets, outcome }
      }
      mustAgree(decode(cutUp(input)), decode([input]), 'packets depend on how their bytes were cut')
    },
  },
  {
    name: 'kcp-segments',
    form: 'binary',
    mayThrow: [],
    seeds: () => [hex('98badcfe51000001000000000000000000000000030000006162 63'.replaceAll(' ', ''))],
    run(input) {
      let bytes = 0
      for (const { data } of readKcpSegments(input, conversationOf(input) ?? CONVERSATION))
        bytes += 24 + data.length
      mustHold(bytes <= input.length, 'more than the packet has')
    },
  },
  {
    name: 'smux-frames',
    form: 'binary',
    mayThrow: [],
    seeds: () => [
      hex('0200000003000000'),
      hex(
        '020203000300000061626302010000030000000204080003000000000400000000100002030000 00000000'.replaceAll(
          ' ',
          '',
        ),
      ),
    ],
    run(input) {
      const read = (pieces: readonly Buffer[]): unknown => {
        const frames: unknown[] = []
        let data = ''
        const outcome = outcomeOf(() => {
          const reader = new SmuxFrameReader({
            onSignal: (...frame) => frames.push(frame),
            onData: (_stream, bytes) => (data += bytes.toString('hex')),
            onWindow: (...frame) => frames.push(frame),
          })
          for (const piece of pieces) reader.read(piece)
        })
        return { frames, data, outcome }
      }
      mustAgree(read(cutUp(input)), read([input]), 'frames depend on how their bytes were cut')
    },
  },
  {
    name: 'amp-armor',
    form: 'text',
    mayThrow: ['malformed'],
    maxBytes: 8192,
    seeds: () => snowflake.amp.armor_decode.map(({ html }) => html),
    words: ['<pre>', '</pre>', '<!--', '-->', '<script>', '</script', '&plus;', '&#43;', '&#x2f;', '<', '="'],
    run(input) {
      const bytes = decodeAmpArmor(input.toString('latin1'))
      mustHold(bytes.length <= input.length, 'more bytes than the page has')
    },
  },
  {
    name: 'amp-cache-url',
    form: 'text',
    mayThrow: ['bad-config'],
    maxBytes: 400,
    seeds: () => [
      'https://snowflake-broker.example/ https://cdn.ampproject.org/',
      'https://xn--bcher-kva.example/a https://c.example/v/',
    ],
    run(input) {
      const [first = '', second = ''] = input.toString('utf8').split(' ')
      const urls = [first, second].map((text) => (URL.canParse(text) ? new URL(text) : undefined))
      const [published, cache] = urls
      if (published === undefined || cache === undefined) return
      // As the arguments of the line are checked.
      if (![published, cache].every(({ protocol }) => protocol === 'https:')) return
      const url = ampCacheUrl(published, cache)
      mustHold(url.hostname.endsWith(cache.hostname), 'another server than the cache would be asked')
      mustHold(domainPrefix(published.hostname).length <= 63, 'a label that is too long')
    },
  },
  {
    name: 'broker-answer',
    form: 'text',
    mayThrow: ['malformed', 'channel-failed'],
    maxBytes: 8192,
    seeds: () => [
      JSON.stringify({ answer: JSON.stringify({ type: 'answer', sdp: SDP }) }),
      JSON.stringify({ error: 'no snowflake proxies currently available' }),
      JSON.stringify({ error: 'timed out waiting for answer!' }),
    ],
    run(input) {
      const sdp = decodeBrokerAnswer(input)
      publicCandidatesOnly(checkAnswer(sdp, false))
    },
  },
  {
    name: 'session-description',
    form: 'text',
    mayThrow: ['malformed', 'channel-failed'],
    maxBytes: 8192,
    seeds: () => [SDP, SDP.replaceAll('\r\n', '\n')],
    run(input) {
      const sdp = input.toString('utf8')
      natTypeOf(sdp)
      publicCandidatesOnly(withoutLocalCandidates(sdp))
      try {
        checkAnswer(sdp, true)
      } catch (error) {
        if (!isTorError(error)) throw error
      }
      publicCandidatesOnly(checkAnswer(sdp, false))
    },
  },
]
