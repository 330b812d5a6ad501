/** Which streams may share a circuit: those whose isolation keys are equal (path-spec 3, proposal 171). */
import type { Brand } from '../util/brand.ts'

/** Compared whole. Built from parts in such a way that different parts can never give the same key. */
export type IsolationKey = Brand<string, 'IsolationKey'>

/** Each part is written with its length before it, so that ("ab", "c") and ("a", "bc") differ. */
export function isolationKey(parts: readonly string[]): IsolationKey {
  return parts.map((part) => `${part.length}:${part}`).join(',') as IsolationKey
}

/** The key of streams that asked for no isolation. */
export const NO_ISOLATION = isolationKey([])

/** How a stream is kept apart from others. */
export interface StreamIsolation {
  readonly key: IsolationKey
  /**
   * KeepAliveIsolateSOCKSAuth, proposal 368: a circuit of this key grows old from its last use and not from its first.
   * Only for keys that hold credentials, which say that one program wants one long-lived identity.
   */
  readonly keepsAlive: boolean
}

export const UNISOLATED: StreamIsolation = { key: NO_ISOLATION, keepsAlive: false }
