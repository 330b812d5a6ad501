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
