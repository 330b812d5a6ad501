/** The status flags that authorities vote on, as bits of one number per relay (dir-spec 3.4.1, "s" lines). */

/** A relay's flags are the bitwise or of these; use `hasFlag`. */
export const RelayFlag = {
  Authority: 1 << 0,
  BadExit: 1 << 1,
  Exit: 1 << 2,
  Fast: 1 << 3,
  Guard: 1 << 4,
  HSDir: 1 << 5,
  MiddleOnly: 1 << 6,
  NoEdConsensus: 1 << 7,
  Running: 1 << 8,
  Stable: 1 << 9,
  StaleDesc: 1 << 10,
  Sybil: 1 << 11,
  V2Dir: 1 << 12,
  Valid: 1 << 13,
} as const

export type RelayFlagName = keyof typeof RelayFlag

/** In alphabetical order, as the consensus has them. */
export function flagNames(flags: number): string[] {
  return Object.entries(RelayFlag)
    .filter(([, bit]) => hasFlag(flags, bit))
    .map(([name]) => name)
}

/** Whether every bit of `wanted` is set. */
export function hasFlag(flags: number, wanted: number): boolean {
  return (flags & wanted) === wanted
}
