/** Directory documents that are not what they should be. */
import { deflateSync } from 'node:zlib'
import { signConsensus, TestAuthority } from '../../support/test-authority.ts'
import type { DirectoryDocuments, SignedConsensus } from '../directory/directory-documents.ts'
import type { DirectoryFault } from './fault.ts'

const DAY_MS = 86_400_000
const BOMB_BYTES = 60_000_000
/** What takes long to make is made once, when it is first needed. */
const forger = once(() => new TestAuthority('forger'))
const bomb = once(() => deflateSync(Buffer.alloc(BOMB_BYTES, 'a')))
/** Not so alike that they would count as a bomb before they are read. */
const diffLines = once(() => {
  const lines = Array.from({ length: 300_000 }, (_, at) => `${(at * 2_654_435_761) % 4_294_967_296}\n`)
  return Buffer.from(lines.join(''))
})
/** What a reply is cut to. */
const CUT_BYTES = 200

/** The whole reply, and whether its end ever comes. */
export interface DirectoryReply {
  readonly bytes: Buffer
  readonly isEndless: boolean
}

export function misreply(
  fault: DirectoryFault,
  good: Buffer,
  documents: DirectoryDocuments,
  consensus: SignedConsensus,
): DirectoryReply {
  const whole = (bytes: Buffer): DirectoryReply => ({ bytes, isEndless: false })
  switch (fault) {
    case 'not-found':
      return whole(Buffer.from('HTTP/1.0 404 Not found\r\n\r\n'))
    case 'busy':
      return whole(Buffer.from('HTTP/1.0 503 Directory busy, try again later\r\n\r\n'))
    case 'say-nothing':
      return { bytes: Buffer.alloc(0), isEndless: true }
    case 'endless':
      return { bytes: good.subarray(0, CUT_BYTES), isEndless: true }
    case 'cut-short':
      return whole(good.subarray(0, Math.min(good.length - 1, CUT_BYTES)))
    case 'garbage':
      return whole(reply(Buffer.alloc(10_000, '\u0000<html>')))
    case 'bomb':
      return whole(reply(bomb(), 'deflate'))
    case 'diff-bomb':
      return whole(reply(diffBomb(consensus), 'deflate'))
    case 'old-consensus':
      return whole(reply(documents.signConsensus(consensus.validAfterMs - 10 * DAY_MS).bytes))
    case 'few-signatures':
      return whole(reply(signConsensus(unsigned(consensus), documents.authorities.slice(0, 1))))
    case 'forged-consensus':
      return whole(reply(forge(consensus)))
    case 'poisoned-microdescriptor':
      return whole(reply(poison(documents)))
  }
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

/** Packed it is small; as a diff it would make a document longer than any. */
function diffBomb({ sha3 }: SignedConsensus): Buffer {
  const head = `network-status-diff-version 1\nhash ${sha3} ${'0'.repeat(64)}\n1a\n`
  return deflateSync(Buffer.concat([Buffer.from(head), diffLines(), Buffer.from('.\n')]))
}

/** All of them, each behind one with another key. */
function poison(documents: DirectoryDocuments): Buffer {
  const texts = documents.microdescriptors.flatMap((text) => [
    text.replace(/^ntor-onion-key .{4}/m, 'ntor-onion-key AAAA'),
    text,
  ])
  return Buffer.from(texts.join(''), 'latin1')
}

/** Makes all of that now, before somebody measures. */
export function prepareDirectoryFaults(): void {
  for (const prepare of [forger, bomb, diffLines]) prepare()
}

function once<T>(make: () => T): () => T {
  let made: T | undefined
  return () => (made ??= make())
}
