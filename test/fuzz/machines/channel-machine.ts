/**
 * An open channel, with a real TLS link to a relay of ours, and bytes that arrive on it as the script says: cells of any
 * command for circuits that are there and that are not, cut in any way, with circuits being made and closed meanwhile.
 */
import { Channel } from '../../../core/channel/channel.ts'
import { channelSettings } from '../../../core/channel/channel-upkeep.ts'
import { Circuit } from '../../../core/circuit/circuit.ts'
import { DEFAULT_NET_PARAMS } from '../../../core/netdir/net-params.ts'
import type { Clock } from '../../../core/util/clock.ts'
import { isTorError } from '../../../core/util/errors.ts'
import { systemRandom } from '../../../core/crypto/system-random.ts'
import { silentLogger } from '../../../core/util/log.ts'
import type { QueueMemory } from '../../../core/util/queue-memory.ts'
import { FakeNetwork } from '../../network/fake-network.ts'
import { silent } from '../../network/fake-stream.ts'
import { ampleQueues } from '../../support/ample-queues.ts'
import { directTransport } from '../../support/direct-transport.ts'
import { type ManualClock, manualClock } from '../../support/manual-clock.ts'
import { cutUp } from '../engine/oracles.ts'
import { mustHold } from '../engine/target.ts'
import { Promises, type Script } from './script.ts'

const NETINFO = 8
const PADDING_NEGOTIATE = 12
const VERSIONS = 7
const FIRST_VARIABLE = 128
/** They end a channel that is open, whatever circuit they name. */
const NEVER_AGAIN = [NETINFO, PADDING_NEGOTIATE, VERSIONS, 129, 130]
const USUAL = [0, 2, 3, 3, 3, 4, 6, 9, 11, 128, 131, 132, 200]
const MOST_STEPS = 40
const MOST_CIRCUITS = 4
const MOST_VARIABLE_BYTES = 12_288
const MOST_GATHERING_MS = 1

const CONFIG = { connectionPadding: 'auto', reducedConnectionPadding: false, keepaliveMs: 300_000 } as const

function openChannel(network: FakeNetwork, clock: Clock, queues: QueueMemory): Promise<Channel> {
  const target = network.target(0)
  const settings = channelSettings(CONFIG, DEFAULT_NET_PARAMS, false)
  const deps = {
    transport: directTransport,
    clock,
    random: systemRandom,
    log: silentLogger,
    queues,
    settings: () => settings,
  }
  return Channel.open(target, { host: '127.0.0.1', port: network.port }, deps, undefined)
}

export class ChannelMachine {
  readonly #script: Script
  readonly #promises = new Promises((error) => isTorError(error) && error.kind !== 'internal')
  readonly #circuits: Circuit[] = []
  readonly #queues = ampleQueues()
  readonly #ids: number[] = []
  #asked = 0
  #mustClose: string | undefined

  constructor(script: Script) {
    this.#script = script
  }

  async run(): Promise<void> {
    const network = await FakeNetwork.start({ relays: 1 })
    network.script.service = silent
    const clock = manualClock()
    const channel = await openChannel(network, clock, this.#queues)
    void this.#promises.watch('channel', channel.closed)
    try {
      for (let step = 0; step < MOST_STEPS && !this.#script.isOver; step++) {
        await this.#step(channel, network, clock)
        if (this.#script.below(10) === 0) clock.advance(this.#script.u16())
      }
    } finally {
      channel.close()
      await network.close()
      await turn()
    }
    const complaint = this.#promises.complaint()
    mustHold(complaint === undefined, complaint ?? '')
    mustHold(
      this.#circuits.every(({ isOpen }) => !isOpen),
      'a circuit outlives its channel',
    )
    mustHold(this.#queues.totalBytes === 0, 'what is closed still counts')
    mustHold(network.violations.length === 0, `against the specification: ${network.violations[0]}`)
  }

  async #step(channel: Channel, network: FakeNetwork, clock: ManualClock): Promise<void> {
    const script = this.#script
    switch (script.below(8)) {
      case 0:
        return this.#createCircuit(channel, network)
      case 1:
        return script.pick(this.#circuits)?.close()
      case 2:
        return turn()
      default:
        return this.#receive(channel, clock)
    }
  }

  async #createCircuit(channel: Channel, network: FakeNetwork): Promise<void> {
    if (!channel.isOpen || this.#asked++ >= MOST_CIRCUITS) return
    const making = Circuit.createFast(channel, network.target(0), {
      random: systemRandom,
      queues: this.#queues,
      extendByEd25519: true,
    })
    void this.#promises.watch('create', making).then((circuit) => {
      if (circuit !== undefined) this.#circuits.push(circuit)
    })
    // Its id is in the cell that asks for it.
    await turn()
    for (const { circuitId } of network.circuits.all)
      if (!this.#ids.includes(circuitId)) this.#ids.push(circuitId)
  }

  /** Some cells in one read or in several. */
  async #receive(channel: Channel, clock: ManualClock): Promise<void> {
    const script = this.#script
    const cells: Buffer[] = []
    for (let left = 1 + script.below(4); left > 0; left--) cells.push(this.#cell())
    const bytes = Buffer.concat(cells)
    const pieces = script.below(2) === 0 ? [bytes] : cutUp(bytes, script.u8())
    for (const piece of pieces) {
      const lent = Buffer.from(piece)
      channel.onBytes(lent, lent.length)
      lent.fill(0xee)
    }
    if (this.#mustClose === undefined) return
    // They are framed with the turn, or a little later while many come.
    await turn()
    clock.advance(MOST_GATHERING_MS)
    mustHold(!channel.isOpen, `not closed by ${this.#mustClose}`)
  }

  #cell(): Buffer {
    const script = this.#script
    const command = script.below(6) === 0 ? script.u8() : (script.pick(USUAL) ?? 0)
    const id = script.below(3) === 0 ? script.u16() : (script.pick(this.#ids) ?? 0x8000_0007)
    const isVariable = command === VERSIONS || command >= FIRST_VARIABLE
    const isOfCircuit = !isVariable && this.#ids.includes(id)
    if (NEVER_AGAIN.includes(command) && !isOfCircuit) this.#mustClose ??= `command ${command}`
    const header = Buffer.alloc(5)
    header.writeUInt32BE(id >>> 0)
    header[4] = command
    if (!isVariable) {
      const body = Buffer.alloc(509)
      body.set(script.take(script.u8()))
      return Buffer.concat([header, body])
    }
    const length = script.below(8) === 0 ? script.u16() : script.below(200)
    if (length > MOST_VARIABLE_BYTES && command !== 128) this.#mustClose ??= 'a cell that is too long'
    return Buffer.concat([header, Buffer.of(length >> 8, length & 255), Buffer.alloc(length, script.u8())])
  }
}

/** What is under way on loopback arrives. */
async function turn(): Promise<void> {
  for (let left = 0; left < 8; left++) await new Promise((resolve) => setImmediate(resolve))
}
