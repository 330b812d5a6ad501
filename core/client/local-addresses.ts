/** This computer's own addresses, for telling whether it has a network at all. They are compared and never shown. */
import { networkInterfaces } from 'node:os'

/** Changes with the addresses beyond loopback; empty when there is none. */
export function localAddresses(): string {
  try {
    const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? [])
    const outer = all.filter(({ internal, scopeid }) => !internal && (scopeid ?? 0) === 0)
    return outer
      .map(({ address }) => address)
      .sort()
      .join(' ')
  } catch {
    // Some sandboxes forbid the question: then only the errors of connecting tell.
    return 'unknown'
  }
}
