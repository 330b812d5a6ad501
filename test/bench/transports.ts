/**
 * The bench of the transports: a bridge of C tor's, and on it in turn C tor with a transport plugin, our client with the
 * transport of its own, and our client with the same plugin. Two comparisons: of the transports, both in our client, and of
 * the programs as they are. A plugin's CPU time counts as that of its client. Then the transport's handshake alone.
 */
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { childrenOf } from '../interop/support/child-processes.ts'
import { ClientProcess, createClientHome, type ProgramName } from '../interop/support/client-process.ts'
import { readCpuSeconds } from '../interop/support/process-stats.ts'
import { clientLines, startTorNetwork, type TorNetworkRecord } from '../interop/support/tor-network.ts'
import { Load } from './load.ts'
import { formatTable, type Row, type Target } from './statistics.ts'
import { measureHandshakes } from './transport-handshakes.ts'
import { BENCH_TRANSPORTS, type BenchBridge, type BenchTransport } from './transport-peers.ts'

const USAGE = `npm run bench:transports -- [options]
  --repeats N       alternating repeats of all programs (5)
  --transports A,B  of: ${Object.keys(BENCH_TRANSPORTS).join(', ')} (obfs4)
  --megabytes N     moved each way in a repeat (60)
  --handshakes N    of each kind (40)
  --network FILE    the record of a network that runs already (npm run test:network)`

/** A just-in-time compiler has settled after some tens of megabytes. */
const WARM_UP_BYTES = 30_000_000
const MEGABYTE = 1_000_000

/** Who is measured: a client, and whether the plugin speaks the transport for it. */
const CONTENDERS = ['tor', 'allium', 'allium with the plugin'] as const
type Contender = (typeof CONTENDERS)[number]

const THROUGHPUT: Target = { kind: 'ratio-at-least', bound: 0.8 }
const CPU: Target = { kind: 'ratio-at-most', bound: 1.5 }
const NO_TARGET: Target = { kind: 'none' }

/** What is wanted of each measure, in the table's order. */
const MEASURES: ReadonlyMap<string, Target> = new Map<string, Target>([
  ['bootstrap, s', NO_TARGET],
  ['down, CPU-s/GB', CPU],
  ['down, MB/s', THROUGHPUT],
  ['up, CPU-s/GB', CPU],
  ['up, MB/s', THROUGHPUT],
  ['handshake, ms', NO_TARGET],
])

type Numbers = Map<string, number[]>

interface Options {
  readonly repeats: number
  readonly transports: readonly string[]
  readonly bytes: number
  readonly handshakes: number
  readonly network: string | undefined
}

function positive(text: string): number {
  const value = Number(text)
  if (!(value > 0)) throw new Error(`"${text}" is no positive number`)
  return value
}

function readOptions(args: string[]): Options {
  const text = { type: 'string' } as const
  const { values } = parseArgs({
    args,
    options: { repeats: text, transports: text, megabytes: text, handshakes: text, network: text },
  })
  const transports = (values.transports ?? 'obfs4').split(',')
  for (const name of transports) {
    if (BENCH_TRANSPORTS[name] === undefined) throw new Error(`there is no bench of ${name}`)
  }
  return {
    repeats: positive(values.repeats ?? '5'),
    transports,
    bytes: positive(values.megabytes ?? '60') * MEGABYTE,
    handshakes: positive(values.handshakes ?? '40'),
    network: values.network,
  }
}

function note(numbers: Numbers, measure: string, value: number): void {
  numbers.set(measure, [...(numbers.get(measure) ?? []), value])
}

/** Of the client and of the plugin that it has started. */
function cpuSecondsOf(client: ClientProcess): number {
  return [client.pid, ...childrenOf(client.pid)].reduce((sum, pid) => sum + readCpuSeconds(pid), 0)
}

async function measureClient(
  client: ClientProcess,
  load: Load,
  bytes: number,
  numbers: Numbers,
): Promise<void> {
  note(numbers, 'bootstrap, s', (await client.bootstrapped()) / 1000)
  for (const direction of ['down', 'up'] as const) {
    const transfer = { kind: 'transfer', direction, streams: 1, user: direction } as const
    await load.run(client.socksPort, { ...transfer, bytes: WARM_UP_BYTES })
    const before = cpuSecondsOf(client)
    const result = await load.run(client.socksPort, { ...transfer, bytes })
    if (result.failures > 0) throw new Error(`a transfer ${direction} failed`)
    note(numbers, `${direction}, CPU-s/GB`, (cpuSecondsOf(client) - before) / (result.bytes / 1e9))
    note(numbers, `${direction}, MB/s`, result.bytes / MEGABYTE / result.seconds)
  }
}

interface Ground {
  readonly bridge: BenchBridge
  readonly pluginLine: string
  readonly env: Readonly<Record<string, string>>
}

async function measureContender(
  contender: Contender,
  { pluginLine, bridge, env }: Ground,
  network: TorNetworkRecord,
  measure: (client: ClientProcess) => Promise<void>,
): Promise<void> {
  const program: ProgramName = contender === 'tor' ? 'tor' : 'allium'
  const home = await createClientHome([
    ...clientLines(network),
    'UseBridges 1',
    `Bridge ${bridge.line}`,
    ...(contender === 'allium' ? [] : [pluginLine]),
    // Country tables cost C tor's client half a second of CPU at its start; ours has none in use.
    ...(program === 'tor' ? ['GeoIPFile /dev/null', 'GeoIPv6File /dev/null'] : []),
  ])
  const client = new ClientProcess(home, program, [], env)
  try {
    await measure(client)
  } finally {
    await client.end()
    home.remove()
  }
}

async function measureTransport(
  name: string,
  transport: BenchTransport,
  options: Options,
  network: TorNetworkRecord,
  load: Load,
): Promise<Comparisons> {
  const results = new Map<Contender, Numbers>(CONTENDERS.map((contender) => [contender, new Map()]))
  const pluginLine = transport.pluginLine()
  const bridge = await transport.start(network)
  const ground = { bridge, pluginLine, env: transport.trust?.() ?? {} }
  const contenders = CONTENDERS.filter((_, at) => at < 2 || transport.trust === undefined)
  try {
    for (let repeat = 0; repeat < options.repeats; repeat++) {
      // Who comes first changes, so that nothing that drifts favours one of them.
      const order = repeat % 2 === 0 ? contenders : [...contenders].reverse()
      for (const contender of order) {
        process.stderr.write(`${name}, repeat ${repeat + 1} of ${options.repeats}: ${contender}\n`)
        const numbers = results.get(contender) ?? new Map<string, number[]>()
        await measureContender(contender, ground, network, (client) =>
          measureClient(client, load, options.bytes, numbers),
        )
      }
    }
    if (transport.trust === undefined) {
      const handshakes = await measureHandshakes(bridge.line, pluginLine, options.handshakes)
      results.get('allium with the plugin')?.set('handshake, ms', handshakes.plugin)
      results.get('allium')?.set('handshake, ms', handshakes.ours)
    }
  } finally {
    await bridge.remove()
  }
  return rowsOf(name, results)
}

/** The same measures beside the plugin in our own client, where it can be run, and beside C tor with it. */
interface Comparisons {
  readonly ofTransports: readonly Row[]
  readonly ofPrograms: readonly Row[]
}

function rowsOf(name: string, results: ReadonlyMap<Contender, Numbers>): Comparisons {
  const beside = (contender: Contender): Row[] =>
    [...MEASURES].flatMap(([measure, target]) => {
      const reference = results.get(contender)?.get(measure) ?? []
      const ours = results.get('allium')?.get(measure) ?? []
      return reference.length === 0 ? [] : [{ measure: `${name}, ${measure}`, target, reference, ours }]
    })
  return { ofTransports: beside('allium with the plugin'), ofPrograms: beside('tor') }
}

const REMARK = `Medians [min..max] over the repeats. GB and MB are 10^9 and 10^6 bytes of payload. CPU time is that of the client
and of the plugin that it has started. C tor negotiates CGO relay encryption and joins two circuits here where it can; we use
tor1 and one circuit: the second table compares the programs as they are. The handshake is the transport's alone: ours from
the first socket to a stream for TLS, the plugin's from the first word of SOCKS to its answer.`

function print(repeats: number, { ofTransports, ofPrograms }: Comparisons): void {
  console.log(`\n${repeats} repeats\n`)
  if (ofTransports.length > 0) {
    console.log(`The transport: ours, and the plugin's in our client\n`)
    console.log(`${formatTable(ofTransports, 'plugin', 'ours')}\n`)
  }
  console.log(`The program: ours with its transport, and C tor with the plugin\n`)
  console.log(`${formatTable(ofPrograms)}\n\n${REMARK}`)
}

/** The bundled scripts of the processes that the bench starts. */
export interface Scripts {
  readonly server: string
  readonly generator: string
}

/** Runs the bench and prints its table; options that are not understood set the exit code. */
export async function main(args: string[], scripts: Scripts): Promise<void> {
  if (args.includes('--help')) {
    console.log(USAGE)
    return
  }
  const options = readOptions(args)
  const own = options.network === undefined ? await startTorNetwork({}) : undefined
  const network = own ?? (JSON.parse(readFileSync(options.network ?? '', 'utf8')) as TorNetworkRecord)
  const load = await Load.start(scripts)
  try {
    const ofTransports: Row[] = []
    const ofPrograms: Row[] = []
    for (const name of options.transports) {
      const transport = BENCH_TRANSPORTS[name]
      if (transport === undefined) continue
      const rows = await measureTransport(name, transport, options, network, load)
      ofTransports.push(...rows.ofTransports)
      ofPrograms.push(...rows.ofPrograms)
    }
    print(options.repeats, { ofTransports, ofPrograms })
  } finally {
    load.stop()
    own?.stop()
  }
}
