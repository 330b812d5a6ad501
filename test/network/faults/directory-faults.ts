/** Directory documents that are not what they should be. */
import { deflateSync } from 'node:zlib'
import { signConsensus, TestAuthority } from '../../support/test-authority.ts'
import type { DirectoryDocuments, SignedConsensus } from '../directory/directory-documents.ts'
import type { Relay } from '../relays/relay.ts'
import { type DescriptorFault, misdescribe } from './descriptor-faults.ts'
import type { DirectoryFault } from './fault.ts'
import { once, PACKING_FAULTS, type PackedBody } from './packing-faults.ts'

const DAY_MS = 86_400_000
/** What takes long to make is made once, when it is first needed. */
const forger = once(() => new TestAuthority('forger'))
/** Not so alike that they would count as a bomb before they are read. */
const diffLines = once(() => {
  const lines = Array.from({ length: 300_000 }, (_, at) => `${(at * 2_654_435_761) % 4_294_967_296}\n`)
  return Buffer.from(lines.join(''))
})
const overlongBody = once(() =>
  Buffer.concat([
    Buffer.from('HTTP/1.0 200 OK\r\nContent-Encoding: identity\r\n\r\n'),
    Buffer.alloc(OVERLONG_BODY_BYTES, 'onion-key\n'),
  ]),
)
/** What a reply is cut to. */
const CUT_BYTES = 200
/** Beyond what a directory document can have, as sent. */
const OVERLONG_BODY_BYTES = 17_000_000
const OVERLONG_HEAD_BYTES = 60_000
/** Some 43 bytes each. */
const OVERLONG_FAMILY_LINES = 1_000

/** The whole reply, and how it comes. */
export interface DirectoryReply {
  readonly bytes: Buffer
  /** Nothing comes behind it, and no end. */
  readonly isEndless?: boolean
  /** A byte now and then. */
  readonly isDripped?: boolean
}

/** What a reply may be made of. */
export interface ReplyContext {
  /** What would have been sent. */
  readonly good: Buffer
  readonly relay: Relay
  readonly documents: DirectoryDocuments
  readonly consensus: SignedConsensus
  /** The one that the client says it holds. */
  readonly held: SignedConsensus | undefined
  readonly nowMs: number
}

type PackingFault = keyof typeof PACKING_FAULTS

const MISREPLIES: Readonly<
  Record<
    Exclude<DirectoryFault, PackingFault | DescriptorFault>,
    (context: ReplyContext) => Buffer | DirectoryReply
  >
> = {
  'not-found': () => Buffer.from('HTTP/1.0 404 Not found\r\n\r\n'),
  busy: () => Buffer.from('HTTP/1.0 503 Directory busy, try again later\r\n\r\n'),
  'say-nothing': () => ({ bytes: Buffer.alloc(0), isEndless: true }),
  endless: ({ good }) => ({ bytes: good.subarray(0, CUT_BYTES), isEndless: true }),
  drip: ({ good }) => ({ bytes: good, isDripped: true }),
  'cut-short': ({ good }) => good.subarray(0, Math.min(good.length - 1, CUT_BYTES)),
  garbage: () => reply(Buffer.alloc(10_000, '\u0000<html>')),
  redirect: () => Buffer.from('HTTP/1.0 302 Found\r\nLocation: http://198.51.100.7/\r\n\r\n'),
  'head-without-end': () =>
    Buffer.concat([Buffer.from('HTTP/1.0 200 OK\r\nX-Filler: '), Buffer.alloc(OVERLONG_HEAD_BYTES, 'a')]),
  'body-without-end': () => overlongBody(),
  'claims-terabytes': () =>
    Buffer.from('HTTP/1.0 200 OK\r\nContent-Encoding: identity\r\nContent-Length: 999999999999\r\n\r\n'),
  'diff-bomb': ({ consensus, held = consensus }) => reply(diffBomb(held), 'deflate'),
  'diff-to-another': () => reply(diffOf('A'.repeat(64), Buffer.from('1d\n'))),
  'diff-to-nothing-good': ({ consensus, held = consensus }) =>
    reply(diffOf(held.sha3, Buffer.from('2,$d\n'))),
  'old-consensus': ({ documents, consensus }) =>
    reply(documents.signConsensus(consensus.validAfterMs - 10 * DAY_MS).bytes),
  'future-consensus': ({ documents, consensus }) =>
    reply(documents.signConsensus(consensus.validAfterMs + 10 * DAY_MS).bytes),
  'split-view': ({ documents, consensus, held = consensus }) => reply(splitView(documents, held)),
  'few-signatures': ({ documents, consensus }) =>
    reply(signConsensus(unsigned(consensus), documents.authorities.slice(0, 1))),
  'one-signature-many-times': ({ documents, consensus }) => {
    const [first] = documents.authorities
    return reply(signConsensus(unsigned(consensus), first === undefined ? [] : [first, first, first]))
  },
  'unknown-digests': ({ consensus }) =>
    reply(
      Buffer.from(consensus.bytes.toString('latin1').replaceAll(SIGNED_WITH, '$1constructor '), 'latin1'),
    ),
  'changed-consensus': ({ consensus }) =>
    reply(
      Buffer.from(consensus.bytes.toString('latin1').replace(/^w Bandwidth=/m, 'w Bandwidth=9'), 'latin1'),
    ),
  'forged-consensus': ({ consensus }) => reply(forge(consensus)),
  'certificates-of-others': ({ nowMs }) => reply(Buffer.from(forger().certificate(nowMs), 'latin1')),
  'expired-certificates': ({ documents, nowMs }) =>
    reply(
      Buffer.from(
        documents.authorities
          .map((authority) =>
            authority.certificate(nowMs, { expiresMs: nowMs - DAY_MS, publishedMs: nowMs - 2 * DAY_MS }),
          )
          .join(''),
        'latin1',
      ),
    ),
  'poisoned-microdescriptor': ({ documents }) => reply(poison(documents)),
  'overlong-microdescriptors': ({ documents }) => reply(lengthen(documents)),
}

const SIGNED_WITH = /^(directory-signature )sha256 /gm

export function misreply(fault: DirectoryFault, context: ReplyContext): DirectoryReply {
  if (isPackingFault(fault)) {
    const { bytes, encoding }: PackedBody = PACKING_FAULTS[fault]()
    return { bytes: reply(bytes, encoding) }
  }
  if (isMisreply(fault)) {
    const made = MISREPLIES[fault](context)
    return Buffer.isBuffer(made) ? { bytes: made } : made
  }
  return { bytes: reply(Buffer.from(misdescribe(fault, context.relay, context.nowMs), 'latin1')) }
}

function isPackingFault(fault: DirectoryFault): fault is PackingFault {
  return Object.hasOwn(PACKING_FAULTS, fault)
}

function isMisreply(fault: DirectoryFault): fault is keyof typeof MISREPLIES {
  return Object.hasOwn(MISREPLIES, fault)
}

function reply(body: Buffer, encoding = 'identity'): Buffer {
  const head = ['HTTP/1.0 200 OK', `Content-Encoding: ${encoding}`, `Content-Length: ${body.length}`]
  return Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), body])
}

function unsigned({ bytes }: SignedConsensus): string {
  const text = bytes.toString('latin1')
  return text.slice(0, text.indexOf('directory-signature '))
}

/** By an authority that nobody trusts. */
function forge(consensus: SignedConsensus): Buffer {
  return signConsensus(unsigned(consensus), [forger()])
}

/** Of the time of the one that it holds, by the same authorities and without most exits. */
function splitView(documents: DirectoryDocuments, held: SignedConsensus): Buffer {
  const isKept = (entry: string): boolean => !/^r exit[^1]/.test(entry)
  const entries = unsigned(held).split(/^(?=r |directory-footer)/m)
  return signConsensus(entries.filter(isKept).join(''), documents.authorities)
}

/** Packed it is small; as a diff it would make a document longer than any. */
function diffBomb({ sha3 }: SignedConsensus): Buffer {
  return deflateSync(diffOf(sha3, Buffer.concat([Buffer.from('1a\n'), diffLines(), Buffer.from('.\n')])))
}

function diffOf(from: string, script: Buffer): Buffer {
  const head = `network-status-diff-version 1\nhash ${from} ${'0'.repeat(64)}\n`
  return Buffer.concat([Buffer.from(head), script])
}

/** All of them, each behind one with another key. */
function poison(documents: DirectoryDocuments): Buffer {
  const texts = documents.microdescriptors.flatMap((text) => [
    text.replace(/^ntor-onion-key .{4}/m, 'ntor-onion-key AAAA'),
    text,
  ])
  return Buffer.from(texts.join(''), 'latin1')
}

/** Each with more lines than any real one has. */
function lengthen(documents: DirectoryDocuments): Buffer {
  const more = `family ${'$'.padEnd(41, 'A')}\n`.repeat(OVERLONG_FAMILY_LINES)
  return Buffer.from(documents.microdescriptors.map((text) => text + more).join(''), 'latin1')
}

/** Makes what takes long now, before somebody measures. */
export function prepareDirectoryFaults(): void {
  for (const prepare of [forger, diffLines, overlongBody, ...Object.values(PACKING_FAULTS)]) prepare()
}
