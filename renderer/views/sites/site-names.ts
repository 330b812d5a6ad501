/** What people write or paste when they name a site. What the name really is, is decided by the core. */

/** A name, an IP address, or the whole address of a page: what of it is the host. Undefined for what is none. */
export function hostIn(text: string): string | undefined {
  const trimmed = text.trim().toLowerCase()
  const rest = /^[a-z][a-z0-9+.-]*:\/\/(.*)$/.exec(trimmed)?.[1] ?? trimmed
  const authority = rest.split(/[/?#]/)[0]?.split('@').at(-1) ?? ''
  const bracketed = /^\[([0-9a-f:.]+)\]/.exec(authority)?.[1]
  const host = ipv6In(bracketed ?? authority) ?? authority.replace(/:\d{1,5}$/, '')
  return host.length <= MAX_HOST && /^[^\s"'<>\\^`{|}%]+$/u.test(host) && /[.:]/.test(host)
    ? host.replace(/\.$/, '')
    : undefined
}

/** In the one spelling that the core has, too: a rule that is there must be found, and said before it is replaced. */
function ipv6In(text: string): string | undefined {
  if (!/^[0-9a-f:.]+$/.test(text)) return undefined
  try {
    return /^\[(.*)\]$/.exec(new URL(`http://[${text}]/`).hostname)?.[1]
  } catch {
    return undefined
  }
}

/** DNS's own. */
const MAX_HOST = 253

export function isOnion(site: string): boolean {
  return site.endsWith('.onion')
}
