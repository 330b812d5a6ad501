/** The columns of parsed microdescriptors, and the interning of lines that many of them share. */
import type { Endpoint } from '../linkspec/relay-target.ts'
import type { ExitPolicy } from './exit-policy.ts'

/** Why a stretch of the input is not a microdescriptor; the others of the batch are unharmed. */
export interface RejectedMicrodescriptor {
  /** Byte offset in the input. */
  readonly offset: number
  readonly reason: string
  /** SHA-256 of the stretch: when a consensus lists it, asking for it again brings the same. */
  readonly digest: Buffer
}

/** Row `i` of every column is the same microdescriptor, in document order. */
export interface Microdescriptors {
  readonly count: number
  /** SHA-256 of the document's exact bytes, 32 bytes a row. */
  readonly digests: Buffer
  /** 32 bytes a row. */
  readonly ntorKeys: Buffer
  /** 32 bytes a row, all zero where `hasEd25519` is 0. */
  readonly ed25519Ids: Buffer
  readonly hasEd25519: Uint8Array
  /** Index into `exitPolicies`; 0 is the policy that rejects everything, for documents without the line. */
  readonly exitPolicyIndex: Uint16Array
  readonly exitPolicy6Index: Uint16Array
  readonly exitPolicies: readonly ExitPolicy[]
  /** Index into `families`, texts of "family" lines; 0 is the empty text. */
  readonly familyIndex: Uint16Array
  readonly families: readonly string[]
  /** Index into `familyIdSets`, texts of "family-ids" lines; 0 is the empty text. */
  readonly familyIdsIndex: Uint16Array
  readonly familyIdSets: readonly string[]
  /** The first IPv6 address of the row's "a" lines. */
  ipv6(row: number): Endpoint | undefined
  /** Where the row's bytes lie in the input, for who stores them: `[starts, ends)`. */
  readonly starts: Uint32Array
  readonly ends: Uint32Array
  readonly rejected: readonly RejectedMicrodescriptor[]
}

export type MicrodescriptorArrays = Pick<
  Microdescriptors,
  | 'digests'
  | 'ntorKeys'
  | 'ed25519Ids'
  | 'hasEd25519'
  | 'exitPolicyIndex'
  | 'exitPolicy6Index'
  | 'familyIndex'
  | 'familyIdsIndex'
  | 'starts'
  | 'ends'
>

/** Arrays with room for `capacity` rows. */
export function allocateMicrodescriptors(capacity: number): MicrodescriptorArrays {
  return {
    digests: Buffer.alloc(capacity * 32),
    ntorKeys: Buffer.alloc(capacity * 32),
    ed25519Ids: Buffer.alloc(capacity * 32),
    hasEd25519: new Uint8Array(capacity),
    exitPolicyIndex: new Uint16Array(capacity),
    exitPolicy6Index: new Uint16Array(capacity),
    familyIndex: new Uint16Array(capacity),
    familyIdsIndex: new Uint16Array(capacity),
    starts: new Uint32Array(capacity),
    ends: new Uint32Array(capacity),
  }
}

/** Views of the first `count` rows. */
export function trimMicrodescriptors(arrays: MicrodescriptorArrays, count: number): MicrodescriptorArrays {
  return {
    digests: arrays.digests.subarray(0, count * 32),
    ntorKeys: arrays.ntorKeys.subarray(0, count * 32),
    ed25519Ids: arrays.ed25519Ids.subarray(0, count * 32),
    hasEd25519: arrays.hasEd25519.subarray(0, count),
    exitPolicyIndex: arrays.exitPolicyIndex.subarray(0, count),
    exitPolicy6Index: arrays.exitPolicy6Index.subarray(0, count),
    familyIndex: arrays.familyIndex.subarray(0, count),
    familyIdsIndex: arrays.familyIdsIndex.subarray(0, count),
    starts: arrays.starts.subarray(0, count),
    ends: arrays.ends.subarray(0, count),
  }
}

/** Values by their text, each kept once under a small number; number 0 is given at the start. */
export class Interned<T> {
  readonly values: T[]
  readonly #indexes: Map<string, number>

  constructor(firstText: string, first: T) {
    this.values = [first]
    this.#indexes = new Map([[firstText, 0]])
  }

  /** The number of `text`'s value, which `make` makes when the text is new; nothing is kept if it throws. */
  indexOf(text: string, make: (text: string) => T): number {
    const known = this.#indexes.get(text)
    if (known !== undefined) return known
    const index = this.values.push(make(text)) - 1
    this.#indexes.set(text, index)
    return index
  }
}
