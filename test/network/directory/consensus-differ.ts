/** Writes a consensus diff of one command: what lies between the first and the last line that changed (dir-spec 4.5.1). */
import type { SignedConsensus } from './directory-documents.ts'
import { createHash } from 'node:crypto'

export function writeConsensusDiff(base: SignedConsensus, next: SignedConsensus): Buffer {
  const from = linesOf(base.bytes)
  const to = linesOf(next.bytes)
  const shortest = Math.min(from.length, to.length)
  let head = 0
  while (head < shortest && from[head] === to[head]) head++
  let tail = 0
  while (tail < shortest - head && from[from.length - 1 - tail] === to[to.length - 1 - tail]) tail++
  const last = from.length - tail
  const command = last === head + 1 ? `${last}c` : `${head + 1},${last}c`
  const wholeSha3 = createHash('sha3-256').update(next.bytes).digest('hex').toUpperCase()
  const lines = [
    'network-status-diff-version 1',
    `hash ${base.sha3} ${wholeSha3}`,
    command,
    ...to.slice(head, to.length - tail),
    '.',
  ]
  return Buffer.from(`${lines.join('\n')}\n`, 'latin1')
}

/** Without the line feeds; the document ends in one. */
function linesOf(bytes: Buffer): string[] {
  return bytes.toString('latin1').slice(0, -1).split('\n')
}
