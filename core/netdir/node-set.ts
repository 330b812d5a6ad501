/** Relays as a user names them: fingerprints, nicknames, address ranges and countries (C tor's routerset). */
import { TorError } from '../util/errors.ts'
import type { NetDir } from './net-dir.ts'

/** What is asked of a view of the network to tell whether one of its relays is meant. */
export type NodeSetNetDir = Pick<NetDir, 'relay' | 'ids'>

export interface NodeSet {
  /** As the user wrote it; empty for the empty set. */
  readonly text: string
  readonly isEmpty: boolean
  /** Whether the relay in this row is meant. */
  has(netDir: NodeSetNetDir, index: number): boolean
}

export const EMPTY_NODE_SET: NodeSet = { text: '', isEmpty: true, has: () => false }

/** A comma-separated list. Throws `bad-config`, naming `option`, for an item that cannot be read. */
export function parseNodeSet(text: string, option: string): NodeSet {
  throw new TorError('bad-config', `${option}: not supported yet: ${text}`)
}
