/** State machines, each driven by bytes as a script of what happens to it. */
import { ChannelMachine } from '../machines/channel-machine.ts'
import { CircuitMachine } from '../machines/circuit-machine.ts'
import { ConfluxCircuitsMachine } from '../machines/conflux-circuits-machine.ts'
import { ConfluxMachine } from '../machines/conflux-machine.ts'
import { KcpMachine } from '../machines/kcp-machine.ts'
import { runLinkHandshake } from '../machines/link-machine.ts'
import { runPort } from '../machines/port-machine.ts'
import { Script } from '../machines/script.ts'
import { runMeekStream, runObfs4Stream } from '../machines/transport-machines.ts'
import type { FuzzTarget } from '../engine/target.ts'

const GET = 'GET http://a.example/x HTTP/1.1\r\nHost: a.example\r\n\r\n'
const HTTP_WORDS = [
  GET,
  'CONNECT b.example:443 HTTP/1.1\r\nHost: b.example:443\r\n\r\n',
  'POST http://a.example/ HTTP/1.1\r\nHost: a.example\r\nContent-Length: 4\r\n\r\nab',
  'POST http://a.example/ HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n',
  '0\r\n\r\n',
  'cd',
  'OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n',
  'HEAD http://a.example/x HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n',
  `${GET}${GET}`,
]
const SOCKS_WORDS = [
  '050100',
  '05010005010003096c6f63616c2e74736501bb'.slice(0, 6),
  '0501000309622e6578616d706c6501bb',
  '05f000030b6578616d706c652e636f6d0000',
  '0502000201017501 70'.replace(' ', ''),
  '040101bb00000001 7500622e6578616d706c6500'.replace(' ', ''),
].map((hex) => Buffer.from(hex, 'hex').toString('latin1'))

/** Scripts of plain numbers: every action in turn, and some in a row. */
const SCRIPTS = [
  Buffer.from([0, 5, 2, 15, 0, 0, 3, 5, 3, 0, 1, 1, 0, 0, 3, 4, 90, 0, 6, 0, 0, 200, 9, 1]),
  Buffer.from([1, 5, 2, 15, 15, 0, 3, 5, 0, 0, 3, 4, 200, 0, 6, 0, 255, 0, 9, 1, 11, 40, 7, 2, 3]),
  Buffer.from([1, 12, 13, 1, 5, 0, 0, 11, 0, 8, 4, 255, 0, 8, 3, 10, 4, 14, 7]),
  Buffer.from([2, 1, 0, 5, 15, 3, 4, 10, 0, 6, 11, 7, 1, 9, 10, 8, 2, 5, 1, 11, 11]),
]

/** What the machines have in common. */
const MACHINE = {
  form: 'binary',
  mayThrow: [],
  growsTo: 3_000,
  seeds: () => SCRIPTS,
} as const satisfies Partial<FuzzTarget>

export const MACHINE_TARGETS: readonly FuzzTarget[] = [
  {
    ...MACHINE,
    name: 'circuit-machine',
    maxBytes: 400,
    unitRuns: 60,
    stepsPerByte: 500_000,
    run: (input) => new CircuitMachine(new Script(input)).run(),
  },
  {
    ...MACHINE,
    name: 'channel-machine',
    maxBytes: 300,
    unitRuns: 20,
    stepsPerByte: 500_000,
    seeds: () => [...SCRIPTS, Buffer.from([0, 9, 3, 1, 9, 2, 1, 0, 9, 9, 3, 4, 1, 9, 3, 0, 1, 9, 1, 0, 9])],
    run: (input) => new ChannelMachine(new Script(input)).run(),
  },
  {
    ...MACHINE,
    name: 'conflux-machine',
    maxBytes: 600,
    unitRuns: 150,
    stepsPerByte: 200_000,
    seeds: () => [
      ...SCRIPTS,
      // Both ways over both legs: stream, DATA, pulls, a full link, the exit's messages out of order.
      Buffer.from([
        1, 0, 0, 1, 90, 0, 0, 4, 60, 1, 0, 0, 6, 9, 1, 1, 0, 4, 60, 1, 0, 0, 8, 3, 1, 0, 8, 3, 1, 0, 9, 7,
      ]),
    ],
    run: (input) => new ConfluxMachine(new Script(input)).run(),
  },
  {
    name: 'link-machine',
    form: 'binary',
    mayThrow: [],
    maxBytes: 200,
    unitRuns: 60,
    stepsPerByte: 20_000,
    // Honest to the end: not another command, and nothing altered.
    seeds: () => [Buffer.from([1, 0, 1, 0, 1, 0, 1, 0]), Buffer.from([1, 0, 0, 128, 0, 1, 0, 1, 3, 0, 9])],
    run: (input) => runLinkHandshake(new Script(input)),
  },
  {
    ...MACHINE,
    name: 'kcp-machine',
    maxBytes: 1000,
    unitRuns: 150,
    stepsPerByte: 100_000,
    run: (input) => new KcpMachine(new Script(input)).run(),
  },
  {
    ...MACHINE,
    name: 'obfs4-stream-machine',
    maxBytes: 400,
    unitRuns: 40,
    stepsPerByte: 2_000_000,
    seeds: () => [...SCRIPTS, Buffer.from([0, 9, 0, 0, 90, 7, 3, 0, 7, 0, 1, 0, 0, 7, 2, 1, 0, 4, 0, 8, 1])],
    run: (input) => runObfs4Stream(new Script(input)),
  },
  {
    ...MACHINE,
    name: 'meek-stream-machine',
    maxBytes: 400,
    unitRuns: 40,
    stepsPerByte: 500_000,
    seeds: () => [...SCRIPTS, Buffer.from([0, 1, 0, 6, 9, 0, 7, 2, 3, 9, 0, 0, 3, 20, 6, 1, 1, 8, 2])],
    run: (input) => runMeekStream(new Script(input)),
  },
  {
    ...MACHINE,
    name: 'http-port-machine',
    maxBytes: 300,
    unitRuns: 25,
    stepsPerByte: 100_000,
    run: (input) => runPort('http', HTTP_WORDS, new Script(input)),
  },
  {
    ...MACHINE,
    name: 'socks-port-machine',
    maxBytes: 300,
    unitRuns: 25,
    stepsPerByte: 100_000,
    run: (input) => runPort('socks', SOCKS_WORDS, new Script(input)),
  },
  {
    ...MACHINE,
    name: 'conflux-circuits-machine',
    maxBytes: 400,
    unitRuns: 60,
    stepsPerByte: 500_000,
    // Linked, two streams, and both legs in turn.
    seeds: () => [
      ...SCRIPTS,
      Buffer.from([
        0, 5, 5, 7, 2, 0, 7, 3, 0, 0, 0, 0, 1, 9, 3, 1, 1, 0, 1, 9, 4, 1, 0, 0, 1, 30, 200, 1, 1, 0, 1, 30,
        200, 4, 0, 6,
      ]),
    ],
    run: (input) => new ConfluxCircuitsMachine(new Script(input)).run(),
  },
]
