/** Linked sets on legs without relays, and streams that note what they are given. */
import type { CircuitStream, HalfClosedAllowance } from '../../core/circuit/circuit-stream.ts'
import { CELL_BODY_BYTES, RelayCommand } from '../../core/cell/commands.ts'
import { packRelayCell } from '../../core/cell/relay-cell.ts'
import type { RelayMessage } from '../../core/cell/relay-message.ts'
import { type ConfluxParams, DesiredUx } from '../../core/conflux/conflux-params.ts'
import { type ConfluxDeps, ConfluxSet } from '../../core/conflux/conflux-set.ts'
import type { TorError } from '../../core/util/errors.ts'
import { FakeLeg } from './fake-leg.ts'
import { type ManualClock, manualClock } from './manual-clock.ts'
import { ampleQueues } from './ample-queues.ts'
import { seededRandom } from './seeded-random.ts'

export const LINK_TIMEOUT_MS = 3000

const PLENTY: HalfClosedAllowance = {
  dataCells: 1000,
  sendmes: 0,
  connected: 1,
  resolved: 0,
  xons: 10,
  xoffs: 10,
}

export interface LinkedSet {
  readonly set: ConfluxSet<FakeLeg>
  readonly legs: readonly [FakeLeg, FakeLeg]
  readonly clock: ManualClock
}

export interface LinkedSetOptions {
  /** What the exit says that it wishes for: 1 is what C tor's says, and 3 lets both legs send. */
  readonly exitsWish?: number
  readonly params?: ConfluxParams
  readonly roundTripsMs?: readonly [number, number]
}

export function confluxDeps(
  clock: ManualClock,
  params: ConfluxParams = { mostQueuedBytes: 1_000_000 },
): ConfluxDeps {
  return {
    clock,
    random: seededRandom(3),
    queues: ampleQueues(),
    params,
    desiredUx: DesiredUx.HIGH_THROUGHPUT,
    linkTimeoutMs: LINK_TIMEOUT_MS,
  }
}

/** The nonce of the LINK that was sent on a leg. */
export function nonceOf(leg: FakeLeg): Buffer {
  const [link] = leg.toExit
  if (link?.kind !== 'conflux-link') throw new Error('no LINK was sent')
  return link.nonce
}

export async function linkedSet(options: LinkedSetOptions = {}): Promise<LinkedSet> {
  const { exitsWish = DesiredUx.HIGH_THROUGHPUT, params, roundTripsMs = [10, 20] } = options
  const clock = manualClock()
  const legs = [new FakeLeg({ clock }), new FakeLeg({ clock })] as const
  const linking = ConfluxSet.link<FakeLeg>(legs, confluxDeps(clock, params))
  for (const [index, leg] of legs.entries()) {
    leg.roundTripMs = roundTripsMs[index] ?? 0
    leg.linked(nonceOf(leg), { desiredUx: exitsWish })
  }
  return { set: await linking, legs: [...legs], clock }
}

/** A stream that notes what it is given, and gives what it is told to. */
export class NotingStream implements CircuitStream {
  /** DATA as text, and the kinds of other messages, in the order in which they came. */
  readonly got: string[] = []
  readonly payloads: Buffer[] = []
  cellsToSend = 0
  closeError: TorError | undefined
  onGot: () => void = () => {}
  /** Set by whoever puts it on a tunnel. */
  id = 0
  #sent = 0

  onData(chunk: Buffer): void {
    this.payloads.push(chunk)
    this.got.push(chunk.toString('latin1'))
    this.onGot()
  }

  onMessage(message: RelayMessage): 'open' | 'ended' {
    this.got.push(message.kind)
    this.onGot()
    return message.kind === 'end' || message.kind === 'resolved' ? 'ended' : 'open'
  }

  packCells(batch: Buffer, offset: number, maxCells: number): number {
    const cells = Math.min(maxCells, this.cellsToSend)
    for (let index = 0; index < cells; index++) {
      const body = Buffer.alloc(4)
      body.writeUInt32BE(this.#sent++)
      const at = offset + index * CELL_BODY_BYTES
      packRelayCell(batch, at, RelayCommand.DATA, this.id, body, 0, body.length, seededRandom(1))
    }
    this.cellsToSend -= cells
    return cells
  }

  halfClosedAllowance(): HalfClosedAllowance {
    return { ...PLENTY }
  }

  onCircuitClosed(error: TorError): void {
    this.closeError = error
  }
}

export function streamOn({ set }: LinkedSet): NotingStream {
  const stream = new NotingStream()
  stream.id = set.addStream(stream)
  return stream
}
