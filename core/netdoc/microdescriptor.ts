/** Microdescriptors, parsed by one scan over a concatenation of them into columns (dir-spec 3.3). */
import type { Endpoint } from '../linkspec/relay-target.ts'
import { TorError } from '../util/errors.ts'
import type { ExitPolicy } from './exit-policy.ts'

/** Why a stretch of the input is not a microdescriptor; the others of the batch are unharmed. */
export interface RejectedMicrodescriptor {
  /** Byte offset in the input. */
  readonly offset: number
  readonly reason: string
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
  /** Where row's bytes lie in the input, for who stores them: `[start, end)`. */
  readonly starts: Uint32Array
  readonly ends: Uint32Array
  readonly rejected: readonly RejectedMicrodescriptor[]
}

/** Parses a whole batch in one go; never throws for a bad document, which lands in `rejected`. */
export function parseMicrodescriptors(_bytes: Buffer): Microdescriptors {
  throw new TorError('internal', 'not built yet')
}

/**
 * The same in slices: each `next()` does a few milliseconds of work, so that the caller can give the event loop a
 * turn in between; the generator returns the batch.
 */
export function* parseMicrodescriptorsInSlices(
  _bytes: Buffer,
): Generator<undefined, Microdescriptors, undefined> {
  yield undefined
  throw new TorError('internal', 'not built yet')
}
