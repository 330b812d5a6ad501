/** When something that counts in whole intervals changes next: from 1 ms to the interval, also before its beginning. */
export function msToNextTick(passedMs: number, intervalMs: number): number {
  const intoMs = passedMs % intervalMs
  return intoMs < 0 ? -intoMs : intervalMs - intoMs
}
