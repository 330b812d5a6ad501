/** What a site is: the registrable domain of a name. Sites are what a person keeps apart, and so do we. */
import { getDomain } from 'tldts'

/**
 * The site that a host belongs to: `www.example.co.uk` is of `example.co.uk`, two sites under a shared suffix such as
 * `github.io` are two. An IP address, an onion address and a name without registrable domain are sites of their own.
 * `host` is checked and lower case, as in a `StreamTarget`.
 */
export function siteOf(host: string): string {
  if (host !== lastHost) {
    lastSite = findSite(host)
    lastHost = host
  }
  return lastSite
}

/** A request asks five times for the same host's site, and looking it up was a thirtieth of what the request costs. */
let lastHost = ''
let lastSite = ''

function findSite(host: string): string {
  if (host === 'onion' || host.endsWith('.onion')) return host.split('.').slice(-2).join('.')
  return getDomain(host, { allowPrivateDomains: true, validateHostname: false }) ?? host
}
