/**
 * Flow control of a stream where the circuit has congestion control (proposal 324, section 4). There is no window: either
 * end may say XOFF when its application does not take what comes, and XON, with the rate that it does take, when it does.
 */
import type { CongestionDeps } from '../circuit/circuit-deps.ts'
import type { HalfClosedAllowance } from '../circuit/circuit-stream.ts'
import { RELAY_DATA_MAX_BYTES } from '../cell/commands.ts'
import type { Timer } from '../util/clock.ts'
import { protocolViolation } from '../util/errors.ts'
import { DrainRate } from './drain-rate.ts'
import { SendRate } from './send-rate.ts'
import type { FlowOwner, StreamFlowControl } from './stream-flow-control.ts'
import { XonXoffQuota } from './xon-xoff-quota.ts'

/** An application that falls behind for less than this is not worth an XOFF, which costs a round trip. */
const GRACE_MS = 5

export class XonXoff implements StreamFlowControl {
  readonly #deps: CongestionDeps
  readonly #owner: FlowOwner
  readonly #quota: XonXoffQuota
  /** The other end said XOFF. */
  #isStopped = false
  #rate: SendRate | undefined
  #rateTimer: Timer | undefined
  /** We said XOFF. */
  #hasStopped = false
  /** Since when more waits than should. */
  #overMs: number | undefined
  /** Only from the first time that anything waits: most applications take everything at once. */
  #drain: DrainRate | undefined

  constructor(deps: CongestionDeps, owner: FlowOwner) {
    this.#deps = deps
    this.#owner = owner
    this.#quota = new XonXoffQuota(deps.params.stream)
  }

  get sendableCells(): number {
    if (this.#isStopped) return 0
    return this.#rate?.sendableCells(this.#deps.clock.monotonicMs()) ?? Number.MAX_SAFE_INTEGER
  }

  onDataSent(cells: number, bytes: number): void {
    if (cells === 0) return
    this.#quota.noteSent(bytes)
    this.#rate?.spend(bytes)
    this.#awaitRefill()
  }

  onSendme(): void {
    throw protocolViolation('a SENDME for a stream without a window')
  }

  onXoff(): void {
    if (this.#isStopped) throw protocolViolation('XOFF for a stream that was stopped already')
    this.#quota.noteXoff()
    this.#isStopped = true
  }

  /** Without an XOFF before it, it only advises. */
  onXon(kilobytesPerSecond: number): void {
    this.#quota.noteXon()
    this.#isStopped = false
    this.#rate = SendRate.of(kilobytesPerSecond, this.#deps.clock.monotonicMs(), this.#rate)
    this.close()
    this.#awaitRefill()
    this.#owner.resumeSending()
  }

  onDataReceived(): void {}

  onDataWaiting(waitingBytes: number): void {
    const { xoffClientBytes, underWayCells } = this.#deps.params.stream
    if (waitingBytes > xoffClientBytes + underWayCells * RELAY_DATA_MAX_BYTES) {
      throw protocolViolation('an exit that goes on sending after XOFF')
    }
    const nowMs = this.#deps.clock.monotonicMs()
    this.#drain ??= new DrainRate(this.#deps.params.stream)
    this.#drain.noteWaiting(nowMs)
    if (this.#hasStopped) return
    if (waitingBytes <= xoffClientBytes) this.#overMs = undefined
    else if (this.#overMs === undefined) this.#overMs = nowMs
    else if (nowMs - this.#overMs > GRACE_MS) this.#stopSender(this.#drain)
  }

  onDataTaken(_cells: number, bytes: number, waitingBytes: number): void {
    const drain = this.#drain
    if (drain === undefined) return
    const { xoffClientBytes } = this.#deps.params.stream
    drain.noteTaken(bytes, waitingBytes > 0, this.#deps.clock.monotonicMs())
    if (waitingBytes <= xoffClientBytes) this.#overMs = undefined
    if (this.#hasStopped ? waitingBytes > 0 : !drain.hasChanged) return
    this.#hasStopped = false
    this.#owner.sendFlowMessage({ kind: 'xon', kilobytesPerSecond: drain.say() })
  }

  stragglers(): Pick<HalfClosedAllowance, 'dataCells' | 'sendmes' | 'xons' | 'xoffs'> {
    const { stragglerCells } = this.#deps.params.stream
    return { dataCells: stragglerCells, sendmes: 0, xons: this.#quota.xonsLeft, xoffs: this.#quota.xoffsLeft }
  }

  close(): void {
    this.#rateTimer?.cancel()
    this.#rateTimer = undefined
  }

  /** An empty bucket calls for a timer: nothing else would bring the stream back to its circuit's attention. */
  #awaitRefill(): void {
    if (this.#rate === undefined || this.#rateTimer !== undefined || this.#isStopped) return
    if (this.sendableCells > 0) return
    this.#rateTimer = this.#deps.clock.setTimer(this.#rate.refillMs, () => {
      this.#rateTimer = undefined
      this.#awaitRefill()
      this.#owner.resumeSending()
    })
  }

  #stopSender(drain: DrainRate): void {
    this.#hasStopped = true
    this.#overMs = undefined
    drain.forget()
    this.#owner.sendFlowMessage({ kind: 'xoff' })
  }
}
