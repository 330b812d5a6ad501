/**
 * Consensus diffs (dir-spec 4.5, proposal 140): a new consensus as the changes to one that we hold. The result is
 * bound to a digest over all of it, which is compared before anybody reads it; its signatures are checked afterwards
 * like those of any other consensus, so a diff can save bytes and nothing else.
 */
import { sha3_256 } from '../crypto/hash.ts'
import { equalBytes, fromHex } from '../util/bytes.ts'
import { malformed, TorError } from '../util/errors.ts'
import { applyEdScript, type EdLimits, parseEdScript } from './ed-script.ts'
import type { Slices } from './slices.ts'

const FIRST_LINE = Buffer.from('network-status-diff-version 1\n')
const HASH_LINE = /^hash ([0-9A-Fa-f]{64}) ([0-9A-Fa-f]{64})$/
const HASH_LINE_BYTES = 'hash '.length + 64 + 1 + 64
const SIGNATURE_START = '\ndirectory-signature '
/** A whole consensus has 3 MB: a diff that is longer is a bomb, not a saving (TROVE-2026-042). */
const MAX_DIFF_BYTES = 4 * 1024 * 1024
/** Five lines for each of 10,000 relays, doubled. */
const LIMITS: EdLimits = { maxScriptLines: 100_000, maxResultBytes: 16 * 1024 * 1024 }

/** Whether a reply is a diff and not a consensus. */
export function isConsensusDiff(bytes: Buffer): boolean {
  return bytes.subarray(0, FIRST_LINE.length).equals(FIRST_LINE)
}

/**
 * SHA3-256 of a consensus as signed (from its first byte through the first `directory-signature `), by which a diff
 * names its base. Throws `malformed` for a document without signature.
 */
export function signedSha3(consensus: Buffer): Buffer {
  const start = consensus.indexOf(SIGNATURE_START)
  if (start < 0) malformed('consensus', 'a signature')
  return sha3_256(consensus.subarray(0, start + SIGNATURE_START.length))
}

/**
 * The new consensus, in memory of its own, unverified but for the digest that the diff promises. `baseSha3` is
 * `signedSha3(base)`. Throws `bad-directory` for a diff to another document than ours or with a result other than it
 * says, `malformed`, and `limit`.
 */
export function* applyConsensusDiffInSlices(base: Buffer, baseSha3: Buffer, diff: Buffer): Slices<Buffer> {
  if (diff.length >= MAX_DIFF_BYTES) throw new TorError('limit', 'consensus diff: too long')
  if (!isConsensusDiff(diff)) malformed('consensus diff', '"network-status-diff-version 1" first')
  const hashEnd = FIRST_LINE.length + HASH_LINE_BYTES
  const hashLine = diff.toString('latin1', FIRST_LINE.length, hashEnd)
  const [, from = '', to = ''] = HASH_LINE.exec(hashLine) ?? malformed('consensus diff', 'a "hash" line')
  if (diff[hashEnd] !== 0x0a) malformed('consensus diff', 'two digests in its "hash" line')
  if (!equalBytes(fromHex(from), baseSha3)) {
    throw new TorError('bad-directory', 'consensus diff: it is for another consensus than ours')
  }
  const script = yield* parseEdScript(diff, hashEnd + 1, LIMITS)
  const result = yield* applyEdScript(base, diff, script, LIMITS)
  yield undefined
  if (!equalBytes(sha3_256(result), fromHex(to))) {
    throw new TorError('bad-directory', 'consensus diff: the result is not the document that it promises')
  }
  return result
}
