/** How long, and how much, an application may take before it is served. */

/** Applications speak at once; C tor lets a handshake linger, which only serves who wants to exhaust us. */
export const HANDSHAKE_LIMIT_MS = 60_000
/** A refusal is a few hundred bytes: an application that does not take it in this time never will. */
export const CLOSING_LIMIT_MS = 30_000
/** What an application may send ahead of the reply before it is read no more: TLS hellos and small uploads fit. */
export const MAX_HELD_BYTES = 65_536
