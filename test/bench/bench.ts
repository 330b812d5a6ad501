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
  type Sizes,
} from './client-sections.ts'
import { Load } from './load.ts'
import { formatTable, type Row } from './statistics.ts'

const USAGE = `npm run bench -- [options]
  --repeats N      alternating repeats of both programs (5)
  --sections A,B   of: ${CLIENT_SECTIONS.join(', ')} (all)
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

interface Options {
  readonly repeats: number
  readonly sections: readonly ClientSection[]
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
    sections: values.sections === undefined ? CLIENT_SECTIONS : pick(values.sections, CLIENT_SECTIONS),
    programs: pick(values.programs ?? 'tor,allium', ['tor', 'allium']),
    network: pick(values.network ?? 'default', ['default', 'wide', 'vanilla'])[0] ?? 'default',
    sizes: { oneCircuitBytes, eightCircuitsBytes: 2 * oneCircuitBytes },
    torLines: values['tor-option'] ?? [],
  }
}

type Numbers = Map<string, number[]>

async function measureAll(options: Options, load: Load): Promise<Record<ProgramName, Numbers>> {
  const numbers: Record<ProgramName, Numbers> = { tor: new Map(), allium: new Map() }
  const network = await startTorNetwork(NETWORKS[options.network])
  try {
    for (let repeat = 0; repeat < options.repeats; repeat++) {
      // Who comes first changes, so that nothing that drifts favours one of them.
      const order = repeat % 2 === 0 ? options.programs : [...options.programs].reverse()
      for (const program of order) {
        process.stderr.write(`repeat ${repeat + 1} of ${options.repeats}: ${program}\n`)
        const home = await createClientHome([
          ...clientLines(network),
          ...(program === 'tor' ? options.torLines : []),
        ])
        const report = (measure: string, value: number): void => {
          const list = numbers[program].get(measure) ?? []
          list.push(value)
          numbers[program].set(measure, list)
        }
        await measureClient(program, home, options.sections, load, options.sizes, report)
        home.remove()
      }
    }
  } finally {
    network.stop()
  }
  return numbers
}

function rowsOf(numbers: Record<ProgramName, Numbers>): Row[] {
  return [...MEASURES].flatMap(([measure, target]) => {
    const [reference, ours] = [numbers.tor.get(measure) ?? [], numbers.allium.get(measure) ?? []]
    return reference.length + ours.length === 0 ? [] : [{ measure, target, reference, ours }]
  })
}

const REMARK = `Medians [min..max] over the repeats; a ratio is ours to C tor's. GB and MB are 10^9 and 10^6 bytes of payload.
C tor negotiates CGO relay encryption on this network; we use tor1 for now, which costs less: CPU ratios compare the two
as they are, not the same work. C tor also joins two circuits (conflux) where the relays offer it.`

/** Runs the bench; `scripts` are the bundled load processes. Sets the exit code when requests failed to run. */
export async function main(
  args: string[],
  scripts: { readonly server: string; readonly generator: string },
): Promise<void> {
  let options: Options
  try {
    options = readOptions(args)
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n${USAGE}`)
    process.exitCode = 1
    return
  }
  const load = await Load.start(scripts)
  try {
    const numbers = await measureAll(options, load)
    console.log(`\nnetwork: ${options.network}, ${options.repeats} repeats\n`)
    console.log(formatTable(rowsOf(numbers)))
    console.log(`\n${REMARK}`)
  } finally {
    load.stop()
  }
}
