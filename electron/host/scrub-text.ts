/**
 * Takes addresses and fingerprints out of text that leaves the host. What the core knows to be sensitive it has wrapped
 * already; this is for what the system's own errors bring along (`connect ECONNREFUSED 192.0.2.1:443`).
 */
import { isIP } from 'node:net'

/** Whatever could be an address, with or without brackets and port; a full stop may end the sentence. */
const CANDIDATE = /(?<![\w.:])(\[?)([0-9a-f.:]{4,}[0-9a-f:])(\]?)(:\d{1,5})?(?![\w])/gi
const FINGERPRINT = /\$?\b[0-9a-f]{40}\b/gi
/** This computer, and what no relay or site has: version numbers begin with 0. */
const HARMLESS = /^(?:127\.|0\.|::1?$)/
const HIDDEN = '[scrubbed]'

export function scrubText(text: string): string {
  return text
    .replace(CANDIDATE, (found, _open: string, body: string) => (isForeign(body) ? HIDDEN : found))
    .replace(FINGERPRINT, HIDDEN)
}

function isForeign(body: string): boolean {
  const withoutPort = body.replace(/:\d{1,5}$/, '')
  const address = isIP(body) === 0 ? withoutPort : body
  return isIP(address) !== 0 && !HARMLESS.test(address)
}
