/** The microdescriptor-flavoured consensus (dir-spec 3.4.1 and 3.9.2): header, relays, footer, signatures. */
import { isUtf8 } from 'node:buffer'
import { sha256 } from '../crypto/hash.ts'
import { malformed } from '../util/errors.ts'
import {
  type ConsensusFooter,
  type ConsensusHeader,
  parseConsensusFooter,
  parseConsensusHeader,
} from './consensus-frame.ts'
import { scanRelaysInSlices } from './consensus-relays.ts'
import type { RelayColumns } from './relay-columns.ts'
import { type Slices, finishSlices } from './slices.ts'

export type { DirectorySignature } from './consensus-frame.ts'

export interface Consensus extends ConsensusHeader, ConsensusFooter {
  readonly relays: RelayColumns
  /** Length of the signed part: the document's first byte through `directory-signature `, the space included. */
  readonly signedLength: number
  /** SHA-256 of the signed part, the digest that authorities sign in this flavour. */
  readonly signedSha256: Buffer
}

/** The largest body that a directory request accepts; real consensuses are 3 MB. */
const MAX_CONSENSUS_BYTES = 16 * 1024 * 1024 - 1
/** A header of nine authorities is 5 kB, a footer 6 kB. */
const MAX_FRAME_BYTES = 128 * 1024

const RELAY_START = '\nr '
const FOOTER_START = '\ndirectory-footer'
const SIGNATURE_START = '\ndirectory-signature '

/** Parses without verifying signatures. Throws `malformed`. `bytes` is not kept. */
export function parseConsensus(bytes: Buffer): Consensus {
  return finishSlices(parseConsensusInSlices(bytes))
}

/**
 * The same in slices: each `next()` does a few milliseconds of work, so that the caller can give the event loop a
 * turn in between; the generator returns the consensus. `bytes` must not change until then.
 */
export function* parseConsensusInSlices(bytes: Buffer): Slices<Consensus> {
  checkText(bytes)
  const footerStart = bytes.indexOf(FOOTER_START) + 1
  const signedLength = bytes.indexOf(SIGNATURE_START) + SIGNATURE_START.length
  // The header is parsed first: its error is the clearest for a document of another kind.
  const firstRelay = bytes.indexOf(RELAY_START) + 1
  const relaysStart =
    firstRelay > 0 && (footerStart === 0 || firstRelay < footerStart) ? firstRelay : footerStart
  const header = parseConsensusHeader(frameText(bytes, 0, relaysStart > 0 ? relaysStart : bytes.length))
  if (footerStart === 0) malformed('consensus', 'a "directory-footer" line')
  if (signedLength <= footerStart) malformed('consensus', 'a signature, after the footer')
  const footer = parseConsensusFooter(frameText(bytes, footerStart, bytes.length))
  const signedSha256 = sha256(bytes.subarray(0, signedLength))
  yield undefined
  const relays = yield* scanRelaysInSlices(bytes, relaysStart, footerStart, header.knownFlags)
  return { ...header, ...footer, relays, signedLength, signedSha256 }
}

function checkText(bytes: Buffer): void {
  if (bytes.length > MAX_CONSENSUS_BYTES) malformed('consensus', `at most ${MAX_CONSENSUS_BYTES} bytes`)
  if (bytes.includes(0) || bytes.includes(0x0d))
    malformed('consensus', 'lines that end in LF only, and no NUL')
  if (!isUtf8(bytes)) malformed('consensus', 'UTF-8 text')
  if (bytes.length === 0 || bytes.at(-1) !== 0x0a) malformed('consensus', 'a final LF')
}

function frameText(bytes: Buffer, start: number, end: number): string {
  if (end - start > MAX_FRAME_BYTES)
    malformed('consensus', `a header and a footer of at most ${MAX_FRAME_BYTES} bytes`)
  return bytes.toString('latin1', start, end)
}
