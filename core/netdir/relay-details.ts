/** What microdescriptors add to the relays of one consensus, as columns in the consensus's order. */
import type { Endpoint } from '../linkspec/relay-target.ts'
import { type ExitPolicy, REJECT_ALL } from '../netdoc/exit-policy.ts'
import { Interned, type Microdescriptors } from '../netdoc/microdescriptor-columns.ts'
import { normalizeFamily } from './family.ts'
import { keyWords } from './key-table.ts'

/** Lines shared by many relays; only ever added to, so that copies of the columns can share it. */
interface SharedLines {
  readonly policies: Interned<ExitPolicy>
  /** Normalized. */
  readonly families: Interned<string>
  readonly familyIds: Interned<string>
}

/** Of a row's microdescriptor. */
const PRESENT = 1
const REJECTED = 2

interface DetailColumns {
  /** 0 where the row's microdescriptor is missing. */
  readonly states: Uint8Array
  readonly ntorKeys: Buffer
  /** 32 bytes a row; where there is none, zeros, which are no identity. */
  readonly ed25519Ids: Buffer
  readonly hasEd25519: Uint8Array
  readonly policies: Uint16Array
  readonly policies6: Uint16Array
  readonly families: Uint16Array
  readonly familyIds: Uint16Array
  /** Few: current consensuses list the addresses themselves. */
  readonly ipv6: Map<number, Endpoint>
}

export interface BatchSource {
  readonly batch: Microdescriptors
  readonly ntorKeys: Uint32Array
  readonly ed25519Ids: Uint32Array
  /** From the batch's numbers to ours. */
  readonly policies: readonly number[]
  readonly families: readonly number[]
  readonly familyIds: readonly number[]
}

export class RelayDetails {
  readonly count: number
  readonly #lines: SharedLines
  readonly #columns: DetailColumns
  /** The same memory as the key columns. */
  readonly #ntorWords: Uint32Array
  readonly #ed25519Words: Uint32Array

  private constructor(count: number, lines: SharedLines, columns: DetailColumns) {
    this.count = count
    this.#lines = lines
    this.#columns = columns
    this.#ntorWords = keyWords(columns.ntorKeys)
    this.#ed25519Words = keyWords(columns.ed25519Ids)
  }

  /** Rows without any microdescriptor. */
  static empty(count: number): RelayDetails {
    return new RelayDetails(count, emptyLines(), allocateColumns(count))
  }

  /** A copy that can be added to while this one stays as it is. */
  copy(): RelayDetails {
    return new RelayDetails(this.count, this.#lines, copyColumns(this.#columns))
  }

  /** What `fill` needs of a batch: its lines under our numbers, and its keys as words. */
  openBatch(batch: Microdescriptors): BatchSource {
    const { families, familyIds } = this.#lines
    return {
      batch,
      ntorKeys: keyWords(batch.ntorKeys),
      ed25519Ids: keyWords(batch.ed25519Ids),
      policies: batch.exitPolicies.map((policy) => this.#internPolicy(policy)),
      families: batch.families.map((text) => families.indexOf(text, normalizeFamily)),
      familyIds: batch.familyIdSets.map((text) => familyIds.indexOf(text, (same) => same)),
    }
  }

  /** Fills a row from row `from` of a batch. */
  fill(row: number, source: BatchSource, from: number): void {
    const { batch } = source
    const columns = this.#columns
    columns.states[row] = PRESENT
    copyKey(source.ntorKeys, from, this.#ntorWords, row)
    copyKey(source.ed25519Ids, from, this.#ed25519Words, row)
    columns.hasEd25519[row] = batch.hasEd25519[from] ?? 0
    columns.policies[row] = source.policies[batch.exitPolicyIndex[from] ?? 0] ?? 0
    columns.policies6[row] = source.policies[batch.exitPolicy6Index[from] ?? 0] ?? 0
    columns.families[row] = source.families[batch.familyIndex[from] ?? 0] ?? 0
    columns.familyIds[row] = source.familyIds[batch.familyIdsIndex[from] ?? 0] ?? 0
    const ipv6 = batch.ipv6(from)
    if (ipv6 !== undefined) columns.ipv6.set(row, ipv6)
  }

  /** The row's microdescriptor is known, and of no use. */
  reject(row: number): void {
    if (this.isMissing(row)) this.#columns.states[row] = REJECTED
  }

  /** Fills a row from row `from` of another consensus's details, where it must not be missing. */
  carryOver(row: number, other: RelayDetails, from: number): void {
    if (!other.has(from)) return this.reject(row)
    this.#columns.states[row] = PRESENT
    copyKey(other.#ntorWords, from, this.#ntorWords, row)
    copyKey(other.#ed25519Words, from, this.#ed25519Words, row)
    this.#columns.hasEd25519[row] = other.#columns.hasEd25519[from] ?? 0
    this.#columns.policies[row] = this.#internPolicy(other.exitPolicy(from))
    this.#columns.policies6[row] = this.#internPolicy(other.exitPolicy6(from))
    this.#columns.families[row] = this.#lines.families.indexOf(other.family(from), (text) => text)
    this.#columns.familyIds[row] = this.#internFamilyIds(other.familyIds(from))
    const ipv6 = other.ipv6(from)
    if (ipv6 !== undefined) this.#columns.ipv6.set(row, ipv6)
  }

  /** 32 bytes a row, zeros where `hasEd25519` is false; not to be changed. */
  get ed25519Ids(): Buffer {
    return this.#columns.ed25519Ids
  }

  has(row: number): boolean {
    return this.#columns.states[row] === PRESENT
  }

  isMissing(row: number): boolean {
    return this.#columns.states[row] === 0
  }

  hasEd25519(row: number): boolean {
    return this.#columns.hasEd25519[row] === 1
  }

  /** A view; undefined without a microdescriptor. */
  ntorKey(row: number): Buffer | undefined {
    return this.has(row) ? this.#columns.ntorKeys.subarray(row * 32, row * 32 + 32) : undefined
  }

  /** A view, as above. */
  ed25519Id(row: number): Buffer | undefined {
    return this.hasEd25519(row) ? this.#columns.ed25519Ids.subarray(row * 32, row * 32 + 32) : undefined
  }

  exitPolicy(row: number): ExitPolicy | undefined {
    return this.has(row) ? this.#lines.policies.values[this.#columns.policies[row] ?? 0] : undefined
  }

  exitPolicy6(row: number): ExitPolicy | undefined {
    return this.has(row) ? this.#lines.policies.values[this.#columns.policies6[row] ?? 0] : undefined
  }

  /** Normalized; empty when there is none. */
  family(row: number): string {
    return this.#lines.families.values[this.#columns.families[row] ?? 0] ?? ''
  }

  familyIds(row: number): string {
    return this.#lines.familyIds.values[this.#columns.familyIds[row] ?? 0] ?? ''
  }

  ipv6(row: number): Endpoint | undefined {
    return this.#columns.ipv6.get(row)
  }

  #internPolicy(policy: ExitPolicy = REJECT_ALL): number {
    return this.#lines.policies.indexOf(policy.text, () => policy)
  }

  #internFamilyIds(text: string): number {
    return this.#lines.familyIds.indexOf(text, (same) => same)
  }
}

function emptyLines(): SharedLines {
  return {
    policies: new Interned(REJECT_ALL.text, REJECT_ALL),
    families: new Interned('', ''),
    familyIds: new Interned('', ''),
  }
}

function allocateColumns(count: number): DetailColumns {
  return {
    states: new Uint8Array(count),
    ntorKeys: Buffer.alloc(count * 32),
    ed25519Ids: Buffer.alloc(count * 32),
    hasEd25519: new Uint8Array(count),
    policies: new Uint16Array(count),
    policies6: new Uint16Array(count),
    families: new Uint16Array(count),
    familyIds: new Uint16Array(count),
    ipv6: new Map(),
  }
}

function copyColumns(columns: DetailColumns): DetailColumns {
  return {
    states: columns.states.slice(),
    ntorKeys: copyBytes(columns.ntorKeys),
    ed25519Ids: copyBytes(columns.ed25519Ids),
    hasEd25519: columns.hasEd25519.slice(),
    policies: columns.policies.slice(),
    policies6: columns.policies6.slice(),
    families: columns.families.slice(),
    familyIds: columns.familyIds.slice(),
    ipv6: new Map(columns.ipv6),
  }
}

/** Buffer's own slice would share the memory. */
function copyBytes(bytes: Buffer): Buffer {
  const copy = Buffer.allocUnsafeSlow(bytes.length)
  bytes.copy(copy)
  return copy
}

/** Eight words; not `set` and `subarray`, whose views cost more than the copy. */
function copyKey(from: Uint32Array, fromRow: number, to: Uint32Array, toRow: number): void {
  for (let word = 0; word < 8; word++) to[toRow * 8 + word] = from[fromRow * 8 + word] ?? 0
}
