/**
 * A circuit's way in: gathers the relay cells of one event-loop turn side by side, then peels the layers off the whole
 * batch at once. A cell costs no object, no promise and no event on this way. A batch is what fits a block, 128 cells:
 * enough for batches to pay, little enough to stay in the cache and share the thread.
 */
import { CELL_BODY_BYTES, CELL_BYTES, CELL_HEADER_BYTES } from '../cell/commands.ts'
import type { TagPlan } from '../crypto/relay-crypto.ts'
import { BLOCK_BYTES, giveBlock, takeBlock } from '../util/block-pool.ts'
import { protocolViolation } from '../util/errors.ts'
import type { Hop } from './hop.ts'

/** Decrypted cells in the order of their arrival, all from the same hop. */
export interface InboundRun {
  readonly hop: number
  /** `count` relay cell bodies, owned by the receiver. */
  readonly cells: Buffer
  readonly count: number
  /** The tags of the cells for which the plan asked. */
  readonly tags: readonly Buffer[]
}

const NO_TAGS: readonly Buffer[] = []

export class InboundCells {
  #block: Buffer | undefined
  #count = 0

  /**
   * Copies bodies out of the borrowed buffer, where they lie 514 bytes apart; returns how many of the `count` found room.
   * When not all did, the batch must be drained first. One copy takes them over with what lies between them, and is then
   * closed up in place: a copy for each cell would cost a view object each.
   */
  gather(buffer: Buffer, bodyOffset: number, count: number): number {
    this.#block ??= takeBlock()
    const block = this.#block
    const start = this.#count * CELL_BODY_BYTES
    const taken = Math.min(count, Math.floor((BLOCK_BYTES - start + CELL_HEADER_BYTES) / CELL_BYTES))
    if (taken === 0) return 0
    const spanBytes = taken * CELL_BYTES - CELL_HEADER_BYTES
    block.set(buffer.subarray(bodyOffset, bodyOffset + spanBytes), start)
    for (let cell = 1; cell < taken; cell++) {
      const from = start + cell * CELL_BYTES
      block.copyWithin(start + cell * CELL_BODY_BYTES, from, from + CELL_BODY_BYTES)
    }
    this.#count += taken
    return taken
  }

  /**
   * Decrypts and authenticates what was gathered. Nearly always one run from the last hop. Throws
   * `protocol-violation` when a cell comes from no hop of the circuit; the circuit must be closed then.
   */
  take(hops: readonly Hop[], plan: TagPlan): readonly InboundRun[] {
    const block = this.#block
    const count = this.#count
    if (block === undefined || count === 0) return []
    this.#block = undefined
    this.#count = 0
    try {
      return decryptBatch(block, count, hops, plan)
    } finally {
      giveBlock(block)
    }
  }

  discard(): void {
    if (this.#block !== undefined) giveBlock(this.#block)
    this.#block = undefined
    this.#count = 0
  }
}

function decryptBatch(
  block: Buffer,
  count: number,
  hops: readonly Hop[],
  plan: TagPlan,
): readonly InboundRun[] {
  let cells = block.subarray(0, count * CELL_BODY_BYTES)
  const last = hops.length - 1
  for (let hop = 0; hop < last; hop++) {
    const peeled = hopAt(hops, hop).crypto.peel(cells, count)
    if (peeled.recognized.length > 0)
      return splitAtInnerCell(peeled.cells, count, hops, hop, peeled.recognized, plan)
    cells = peeled.cells
  }
  const opened = hopAt(hops, last).crypto.open(cells, count, plan)
  return [{ hop: last, cells: opened.cells, count, tags: opened.tags }]
}

/**
 * The rare case: a hop before the last sent a cell. What follows it on the circuit is decrypted further, but the
 * circuit sees the cells in the order in which they came.
 */
function splitAtInnerCell(
  cells: Buffer,
  count: number,
  hops: readonly Hop[],
  hop: number,
  recognized: readonly number[],
  plan: TagPlan,
): InboundRun[] {
  const runs: InboundRun[] = []
  let from = 0
  let nextPlan = plan
  for (const index of [...recognized, count]) {
    if (index > from) {
      const farther = hops.slice(hop + 1)
      const part = cells.subarray(from * CELL_BODY_BYTES, index * CELL_BODY_BYTES)
      for (const run of decryptBatch(part, index - from, farther, nextPlan)) {
        runs.push({ ...run, hop: run.hop + hop + 1 })
        nextPlan = advancePlan(nextPlan, run)
      }
    }
    if (index < count) {
      const own = cells.subarray(index * CELL_BODY_BYTES, (index + 1) * CELL_BODY_BYTES)
      runs.push({ hop, cells: own, count: 1, tags: NO_TAGS })
    }
    from = index + 1
  }
  return runs
}

/** The plan for what follows a run: DATA cells of the last hop that it contained no longer count. */
function advancePlan(plan: TagPlan, run: InboundRun): TagPlan {
  const DATA = 2
  let data = 0
  for (let index = 0; index < run.count; index++) if (run.cells[index * CELL_BODY_BYTES] === DATA) data++
  const left = plan.first - data
  return { every: plan.every, first: left > 0 ? left : plan.every - (-left % plan.every) }
}

function hopAt(hops: readonly Hop[], index: number): Hop {
  const hop = hops[index]
  if (hop === undefined) throw protocolViolation('a relay cell on a circuit without hops')
  return hop
}
