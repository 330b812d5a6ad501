/** Which relays may stand together in one path (path-spec 2.2). */
import type { NetDir } from '../netdir/net-dir.ts'
import type { NodeConstraints, NodeRules } from './node-rules.ts'

/** What the user set for all paths: a `ClientConfig` and its countries are one. Keep it: what follows from it is cached by it. */
export interface PathConstraints extends NodeConstraints {
  readonly enforceDistinctSubnets: boolean
}

/** The relays of a path so far. */
export class ChosenRelays {
  readonly #netDir: Pick<NetDir, 'inSameFamily' | 'inSameSubnet'>
  readonly #rules: Pick<NodeRules, 'shareFamily'>
  readonly #enforceDistinctSubnets: boolean
  readonly #indexes: number[]

  constructor(
    netDir: Pick<NetDir, 'inSameFamily' | 'inSameSubnet'>,
    rules: Pick<NodeRules, 'shareFamily'>,
    constraints: Pick<PathConstraints, 'enforceDistinctSubnets'>,
    ...indexes: number[]
  ) {
    this.#netDir = netDir
    this.#rules = rules
    this.#enforceDistinctSubnets = constraints.enforceDistinctSubnets
    this.#indexes = indexes
  }

  add(index: number): void {
    this.#indexes.push(index)
  }

  /** Whether the relay is in the path already, or shares a family or a subnet with one that is. */
  conflictsWith(index: number): boolean {
    return this.#indexes.some(
      (chosen) =>
        chosen === index ||
        (this.#enforceDistinctSubnets && this.#netDir.inSameSubnet(chosen, index)) ||
        this.#netDir.inSameFamily(chosen, index) ||
        this.#rules.shareFamily(chosen, index),
    )
  }
}
