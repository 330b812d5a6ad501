/**
 * The bench: one private network, our client and C tor's in turn, the same load for both, medians and ratios. Then two
 * measures without a network: the receive path from a synthetic sender, and the load of a directory of real size.
 */
import { parseArgs } from 'node:util'
import { createClientHome, type ProgramName } from '../interop/support/client-process.ts'
import { clientLines, startTorNetwork, type TorNetworkOptions } from '../interop/support/tor-network.ts'
import {
  CLIENT_SECTIONS,
  type ClientSection,
  MEASURES,
  measureClient,
  type Report,
  type Sizes,
} from './client-sections.ts'
import { measureDirectoryLoad } from './directory-load.ts'
import { Load } from './load.ts'
import { measureReceivePath } from './receive-path.ts'
import { formatTable, type Row } from './statistics.ts'
import { measureWarmStarts } from './warm-start.ts'

/** Measured on our own code alone, without a network and without C tor. */
const OWN_SECTIONS = ['receive-path', 'directory'] as const
/** Takes a client's home when the others are through with it. */
const LAST_SECTIONS = ['warm-start'] as const
const SECTIONS = [...CLIENT_SECTIONS, ...LAST_SECTIONS, ...OWN_SECTIONS] as const
type Section = (typeof SECTIONS)[number]

const USAGE = `npm run bench -- [options]
  --repeats N      alternating repeats of both programs (5)
  --sections A,B   of: ${SECTIONS.join(', ')} (all)
  --programs A,B   of: tor, allium (both)
  --network NAME   default, wide (a wide congestion window) or vanilla (no KIST) (default)
  --megabytes N    moved on one circuit; twice as much on eight (100)
  --tor-option X   a torrc line for C tor's client only; may come more than once`

type NetworkName = 'default' | 'wide' | 'vanilla'

/** The private network is held back by its relays' congestion window and scheduler; these take the brakes off. */
const NETWORKS: Record<NetworkName, TorNetworkOptions> = {
  default: {},
  wide: {
    consensusParams: [
      'KISTSchedRunInterval=2',
      ...['alpha=600', 'beta=1200', 'gamma=1200', 'delta=2400'].map(
        (param) => `cc_vegas_${param.replace('=', '_exit=')}`,
      ),
      'cc_sscap_exit=2400',
      'cc_cwnd_init=500',
    ],
  },
  vanilla: {
    extraLines: {
      authority: ['Schedulers Vanilla'],
      relay: ['Schedulers Vanilla'],
      exit: ['Schedulers Vanilla'],
    },
  },
}

/** Country tables cost C tor's client half a second of CPU and 35 MB at its start; we have none, so it gets none. */
const TOR_LINES = ['GeoIPFile /dev/null', 'GeoIPv6File /dev/null']

interface Options {
  readonly repeats: number
  readonly sections: readonly Section[]
  readonly programs: readonly ProgramName[]
  readonly network: NetworkName
  readonly sizes: Sizes
  readonly torLines: readonly string[]
}

const STRING = { type: 'string' } as const

/** The members of `known` that a comma-separated text names; throws for any other word. */
function pick<Name extends string>(text: string, known: readonly Name[]): Name[] {
  return text.split(',').map((word) => {
    const found = known.find((name) => name === word)
    if (found === undefined) throw new Error(`"${word}" is none of ${known.join(', ')}`)
    return found
  })
}

function positive(text: string): number {
  const value = Number(text)
  if (!(value > 0)) throw new Error(`"${text}" is no positive number`)
  return value
}

function readOptions(args: string[]): Options {
  const { values } = parseArgs({
    args,
    options: {
      repeats: STRING,
      sections: STRING,
      programs: STRING,
      network: STRING,
      megabytes: STRING,
      'tor-option': { type: 'string', multiple: true },
    },
  })
  const oneCircuitBytes = positive(values.megabytes ?? '100') * 1e6
  return {
    repeats: positive(values.repeats ?? '5'),
    sections: values.sections === undefined ? SECTIONS : pick(values.sections, SECTIONS),
    programs: pick(values.programs ?? 'tor,allium', ['tor', 'allium']),
    network: pick(values.network ?? 'default', ['default', 'wide', 'vanilla'])[0] ?? 'default',
    sizes: { oneCircuitBytes, eightCircuitsBytes: 2 * oneCircuitBytes },
    torLines: values['tor-option'] ?? [],
  }
}

type Numbers = Map<string, number[]>
type Results = Record<ProgramName, Numbers>

function reporter(numbers: Numbers): Report {
  return (measure, value) => {
    const list = numbers.get(measure) ?? []
    list.push(value)
    numbers.set(measure, list)
  }
}

async function measureClients(
  options: Options,
  sections: readonly ClientSection[],
  load: Load,
  results: Results,
): Promise<void> {
  const network = await startTorNetwork(NETWORKS[options.network])
  try {
    for (let repeat = 0; repeat < options.repeats; repeat++) {
      // Who comes first changes, so that nothing that drifts favours one of them.
      const order = repeat % 2 === 0 ? options.programs : [...options.programs].reverse()
      for (const program of order) {
        process.stderr.write(`repeat ${repeat + 1} of ${options.repeats}: ${program}\n`)
        const own = program === 'tor' ? [...TOR_LINES, ...options.torLines] : []
        const home = await createClientHome([...clientLines(network), ...own])
        const report = reporter(results[program])
        await measureClient(program, home, sections, load, options.sizes, report)
        if (options.sections.includes('warm-start')) await measureWarmStarts(program, home, network, report)
        home.remove()
      }
    }
  } finally {
    network.stop()
  }
}

const RECEIVE_PATH_BYTES = 200_000_000
const REAL_NETWORK_RELAYS = 8000

async function measureOwn(options: Options, scripts: Scripts, results: Results): Promise<void> {
  const report = reporter(results.allium)
  if (options.sections.includes('receive-path')) {
    for (let repeat = 0; repeat < options.repeats; repeat++) {
      process.stderr.write(`repeat ${repeat + 1} of ${options.repeats}: receive path\n`)
      const result = await measureReceivePath({ bytes: RECEIVE_PATH_BYTES })
      report('receive path alone, CPU-s/GB', result.cpuSecondsPerGB)
      report('receive path alone, MB/s', result.megabytesPerSecond)
    }
  }
  if (options.sections.includes('directory')) {
    process.stderr.write('a directory of 8,000 relays\n')
    await measureDirectoryLoad(scripts.directoryLoad, REAL_NETWORK_RELAYS, options.repeats, report)
  }
}

function rowsOf(numbers: Results): Row[] {
  return [...MEASURES].flatMap(([measure, target]) => {
    const [reference, ours] = [numbers.tor.get(measure) ?? [], numbers.allium.get(measure) ?? []]
    return reference.length + ours.length === 0 ? [] : [{ measure, target, reference, ours }]
  })
}

const REMARK = `Medians [min..max] over the repeats; a ratio is ours to C tor's. GB and MB are 10^9 and 10^6 bytes of payload.
C tor negotiates CGO relay encryption on this network; we use tor1 for now, which costs less: CPU ratios compare the two
as they are, not the same work. C tor also joins two circuits to one exit (conflux) here, and is given no country tables.`

/** The bundled scripts of the processes that the bench starts. */
export interface Scripts {
  readonly server: string
  readonly generator: string
  readonly directoryLoad: string
}

async function measureAll(options: Options, scripts: Scripts): Promise<Results> {
  const results: Results = { tor: new Map(), allium: new Map() }
  const sections = CLIENT_SECTIONS.filter((section) => options.sections.includes(section))
  if (sections.length > 0 || options.sections.includes('warm-start')) {
    const load = await Load.start(scripts)
    try {
      await measureClients(options, sections, load, results)
    } finally {
      load.stop()
    }
  }
  await measureOwn(options, scripts, results)
  return results
}

/** Runs the bench and prints its table; options that are not understood set the exit code. */
export async function main(args: string[], scripts: Scripts): Promise<void> {
  if (args.includes('--help')) {
    console.log(USAGE)
    return
  }
  let options: Options
  try {
    options = readOptions(args)
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n${USAGE}`)
    process.exitCode = 1
    return
  }
  const results = await measureAll(options, scripts)
  console.log(`\nnetwork: ${options.network}, ${options.repeats} repeats\n`)
  console.log(formatTable(rowsOf(results)))
  console.log(`\n${REMARK}`)
}
