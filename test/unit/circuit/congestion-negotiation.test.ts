/** How congestion control comes to be agreed on with relays (proposal 324, section 10). */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Circuit } from '../../../core/circuit/circuit.ts'
import { congestionParams } from '../../../core/circuit/congestion-params.ts'
import { NetParams } from '../../../core/netdir/net-params.ts'
import {
  CIRCUIT_DEPS,
  congestedDeps,
  openCircuitOn,
  openLink,
  type OpenChannel,
} from '../../network/client-side.ts'
import { FakeNetwork } from '../../network/fake-network.ts'
import { defaultCongestion } from '../../support/default-congestion.ts'

const ASKED = '010100'
const NOT_ASKED = '00'

let network: FakeNetwork
let open: OpenChannel

beforeEach(async () => {
  network = await FakeNetwork.start()
  open = await openLink(network)
})

afterEach(async () => {
  expect(network.violations).toEqual([])
  await network.close()
})

describe('asking for congestion control', () => {
  it('is done with every relay that has it, in whatever place', async () => {
    const { circuit, relays } = await openCircuitOn(open, { deps: congestedDeps() })
    expect(relays.asked.map((message) => message.toString('hex'))).toEqual([ASKED, ASKED, ASKED])
    expect(circuit.hops.map(({ hasCongestionControl }) => hasCongestionControl)).toEqual([true, true, true])
  })

  it('is left out with a relay that has not', async () => {
    const deps = congestedDeps()
    const circuit = await Circuit.create(open.channel, network.target(0), deps)
    const relays = await network.circuits.take()
    await circuit.extend({ ...network.target(1), hasCongestionControl: false })
    await circuit.extend({ ...network.target(2), hasNtorV3: false })
    expect(relays.asked.map((message) => message.toString('hex'))).toEqual([ASKED, NOT_ASKED])
    expect(circuit.hops.map(({ hasCongestionControl }) => hasCongestionControl)).toEqual([true, false, false])
    expect(circuit.congestion).toBeUndefined()
  })

  it('is left out where no parameters for it are given', async () => {
    const { circuit, relays } = await openCircuitOn(open, { deps: CIRCUIT_DEPS })
    expect(relays.asked.map((message) => message.toString('hex'))).toEqual([NOT_ASKED, NOT_ASKED, NOT_ASKED])
    expect(circuit.congestion).toBeUndefined()
  })

  it('is asked for as ever when the consensus names another algorithm, or none', () => {
    const asked = (value: number): unknown =>
      congestionParams(new NetParams(new Map([['cc_alg', value]])), 'exit')
    expect([0, 1, 2, 3].map(asked)).toEqual(Array(4).fill(defaultCongestion()))
  })

  it('takes the thresholds of the path', () => {
    const gammas = (['exit', 'onion'] as const).map(
      (path) => congestionParams(new NetParams(new Map()), path).window.gamma,
    )
    expect(gammas).toEqual([186, 248])
  })
})

describe('an answer about congestion control', () => {
  const answerWith = async (message: Buffer): Promise<Circuit> => {
    network.script.ntorV3Message = message
    return Circuit.create(open.channel, network.target(0), congestedDeps())
  }

  for (const increment of [30, 31, 32]) {
    it(`may want a SENDME for each ${increment} cells, where the consensus says 31`, async () => {
      const circuit = await answerWith(Buffer.of(1, 2, 1, increment))
      expect(circuit.hops[0]?.hasCongestionControl).toBe(true)
    })
  }

  it('may be missing: then windows are fixed', async () => {
    for (const message of [Buffer.of(0), Buffer.alloc(0)]) {
      const circuit = await answerWith(message)
      expect([circuit.hops[0]?.hasCongestionControl, circuit.congestion]).toEqual([false, undefined])
    }
  })

  for (const [what, message, kind] of [
    ['an increment of 29', Buffer.of(1, 2, 1, 29), 'protocol-violation'],
    ['an increment of 33', Buffer.of(1, 2, 1, 33), 'protocol-violation'],
    ['an increment of 0', Buffer.of(1, 2, 1, 0), 'protocol-violation'],
    ['an increment of 255', Buffer.of(1, 2, 1, 255), 'protocol-violation'],
    ['no increment', Buffer.of(1, 2, 0), 'malformed'],
    ['an increment of two bytes', Buffer.of(1, 2, 2, 0, 31), 'malformed'],
    ['the answer twice', Buffer.of(2, 2, 1, 31, 2, 1, 31), 'malformed'],
    ['another extension beside it', Buffer.of(2, 2, 1, 31, 9, 0), 'protocol-violation'],
    ['the question in place of the answer', Buffer.of(1, 1, 0), 'protocol-violation'],
    ['less than it says', Buffer.of(1, 2, 1), 'malformed'],
    ['more than it says', Buffer.of(1, 2, 1, 31, 0), 'malformed'],
  ] as const) {
    it(`with ${what} ends the circuit`, async () => {
      await expect(answerWith(message)).rejects.toMatchObject({ kind })
      const relays = await network.circuits.take()
      expect(await relays.destroyed).toBe(0)
      expect(open.channel.isOpen).toBe(true)
    })
  }

  it('with an increment of zero is refused even where the consensus says one', async () => {
    network.script.ntorV3Message = Buffer.of(1, 2, 1, 0)
    const deps = congestedDeps()
    if (deps.congestion === undefined) throw new Error('the test wants congestion control')
    const params = { ...deps.congestion.params, sendmeIncrement: 1 }
    const building = Circuit.create(open.channel, network.target(0), {
      ...deps,
      congestion: { ...deps.congestion, params },
    })
    await expect(building).rejects.toMatchObject({ kind: 'protocol-violation' })
  })
})
