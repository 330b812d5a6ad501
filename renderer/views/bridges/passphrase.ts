/** Whether a new passphrase is one; main's schema has the last word. Pure. */

/** As main demands it: what is shorter is guessed in days. */
export const MIN_PASSPHRASE_CHARS = 12

export type PassphraseFault = 'too-short' | 'differs'

export function passphraseFault(passphrase: string, repeated: string): PassphraseFault | undefined {
  if (passphrase.length < MIN_PASSPHRASE_CHARS) return 'too-short'
  return passphrase === repeated ? undefined : 'differs'
}
