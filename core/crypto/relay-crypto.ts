/**
 * One hop's relay crypto, seen from the client, a batch of cells at a time. The interface fits both tor1 (tor-spec
 * 5.5 and 6.1) and Counter Galois Onion (proposal 359), so that the circuit never knows which one a hop uses.
 *
 * A batch is one Buffer of `count` relay cell bodies, 509 bytes each, back to back.
 */

/** Which DATA cells of a batch need their full authentication tag: the ones that fill a SENDME increment. */
export interface TagPlan {
  /** The number, from 1, of the first DATA cell of the batch that needs one. */
  readonly first: number
  /** After it, each so-many-th DATA cell. */
  readonly every: number
}

export interface OriginatedBatch {
  /** The encrypted bodies; owned by the caller, not necessarily the memory that went in. */
  readonly cells: Buffer
  /** The tags asked for, in the order of `tagAt`. */
  readonly tags: readonly Buffer[]
}

export interface PeeledBatch {
  /** Every cell with this hop's layer removed. */
  readonly cells: Buffer
  /** Ascending indexes of the cells that this hop itself sent; nearly always empty. */
  readonly recognized: readonly number[]
}

export interface OpenedBatch {
  /** The cells in plain; owned by the caller. */
  readonly cells: Buffer
  /** The tags that the plan asked for, in order. */
  readonly tags: readonly Buffer[]
}

export interface RelayCrypto {
  /** Length of the tag that authenticates a SENDME: 20 for tor1, 16 for CGO. */
  readonly tagBytes: number

  /**
   * Authenticates and encrypts cells that end at this hop. The digest fields of `cells` must be zero; `cells` may be
   * overwritten. `tagAt` lists, ascending, the indexes whose tag to return. `cellCommand` is RELAY or RELAY_EARLY.
   */
  originate(cells: Buffer, count: number, cellCommand: number, tagAt: readonly number[]): OriginatedBatch

  /** Adds this hop's layer to cells on their way to a farther hop. */
  encrypt(cells: Buffer, count: number, cellCommand: number): Buffer

  /** Removes this hop's layer from cells that mostly come from farther hops. */
  peel(cells: Buffer, count: number): PeeledBatch

  /**
   * Removes the last layer. Every cell must be this hop's and authentic; nothing is returned before that is checked.
   * Throws `protocol-violation` otherwise, after which the hop is unusable.
   */
  open(cells: Buffer, count: number, plan: TagPlan): OpenedBatch

  /** Forgets the keys as far as the runtime allows. */
  destroy(): void
}
