/** What can be said about what is typed before main is asked; main's schemas have the last word. Pure. */

export type PortFault = 'not-a-port' | 'same-port'

const DIGITS = /^\d{1,5}$/
const MAX_PORT = 65_535

/** 0 is a free port of the system's choice, which never collides. */
export function portFault(text: string, otherPort: number): PortFault | undefined {
  if (!DIGITS.test(text) || Number(text) > MAX_PORT) return 'not-a-port'
  return Number(text) === otherPort && otherPort !== 0 ? 'same-port' : undefined
}

/** The answer of a check that came in the clear could be anybody's. */
export function isCheckAddress(text: string): boolean {
  try {
    const url = new URL(text)
    return url.protocol === 'https:' && url.username === '' && url.password === '' && text.length <= 500
  } catch {
    return false
  }
}
