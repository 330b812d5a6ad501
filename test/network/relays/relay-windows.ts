/**
 * A relay's side of the circuit window: fixed (tor-spec 7.3), or with congestion control one that grows with each SENDME
 * up to a limit. No relay of this network is ever congested, and what the client is held to does not depend on how.
 */
const FIXED_WINDOW = 1000
const FIXED_INCREMENT = 100
const FIRST_WINDOW = 124
const LARGEST_WINDOW = 1000

/** A cell that calls for a SENDME. */
interface OwedSendme {
  readonly tag: Buffer
  readonly sentMs: number
}

export class RelayWindows {
  readonly hasCongestionControl: boolean
  readonly #increment: number
  readonly #owed: OwedSendme[] = []
  #window: number
  #inFlight = 0
  #sentCells = 0
  #receivedCells = 0
  #rttMs: number | undefined

  /** Without an increment, windows are fixed. */
  constructor(increment: number | undefined) {
    this.hasCongestionControl = increment !== undefined
    this.#increment = increment ?? FIXED_INCREMENT
    this.#window = increment === undefined ? FIXED_WINDOW : FIRST_WINDOW
  }

  get maySend(): boolean {
    return this.#inFlight < this.#window
  }

  /** Cells were sent whose SENDME has not come. */
  get isSendmeOwed(): boolean {
    return this.#owed.length > 0
  }

  /** To the client and back, smoothed; undefined before anything was measured. */
  get rttMs(): number | undefined {
    return this.#rttMs
  }

  noteRtt(rttMs: number): void {
    this.#rttMs = this.#rttMs === undefined ? rttMs : (this.#rttMs + rttMs) / 2
  }

  noteSent(tag: Buffer, nowMs: number): void {
    this.#inFlight++
    if (++this.#sentCells % this.#increment === 0) this.#owed.push({ tag, sentMs: nowMs })
  }

  /** True when the cell that came calls for a SENDME. */
  noteReceived(): boolean {
    return ++this.#receivedCells % this.#increment === 0
  }

  /** False for a SENDME that quotes another cell than is due. */
  settle(tag: Buffer | undefined, nowMs: number): boolean {
    const owed = this.#owed.shift()
    if (owed === undefined || tag === undefined || !tag.equals(owed.tag.subarray(0, tag.length))) return false
    this.noteRtt(nowMs - owed.sentMs)
    this.#inFlight -= this.#increment
    if (this.hasCongestionControl) this.#window = Math.min(this.#window + this.#increment, LARGEST_WINDOW)
    return true
  }
}
