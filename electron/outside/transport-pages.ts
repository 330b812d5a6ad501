/** Serves the hidden pages to their own sessions: two documents and one script, each with its policy. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { APP_SCHEME } from '../desktop/app-scheme.ts'

export type TransportPageName = 'web' | 'peers'

export const TRANSPORTS_ORIGIN = `${APP_SCHEME}://transports`
const SCRIPT_URL = `${TRANSPORTS_ORIGIN}/page.js`

/** One page asks servers and knows no WebRTC; the other has WebRTC and asks nobody. */
const POLICIES: Readonly<Record<TransportPageName, readonly string[]>> = {
  web: ['connect-src https:', "webrtc 'block'"],
  peers: ["connect-src 'none'"],
}
const POLICY_OF_BOTH = [
  "default-src 'none'",
  "script-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
]
const DOCUMENT = '<!doctype html><meta charset="utf-8"><title>Allium</title><script src="page.js"></script>'

export function transportPageUrl(name: TransportPageName): string {
  return `${TRANSPORTS_ORIGIN}/${name}.html`
}

/** Answers what the page `name` may load: itself and the script. */
export function transportPageServer(
  folder: string,
  name: TransportPageName,
): (request: { readonly method: string; readonly url: string }) => Response {
  const script = readFileSync(join(folder, 'transport-page.js'))
  const headers = {
    'Content-Security-Policy': [...POLICY_OF_BOTH, ...POLICIES[name]].join('; '),
    'X-Content-Type-Options': 'nosniff',
    'Referrer-Policy': 'no-referrer',
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Cache-Control': 'no-store',
  }
  return ({ url }) => {
    if (url === transportPageUrl(name)) {
      return new Response(DOCUMENT, { headers: { ...headers, 'Content-Type': 'text/html; charset=utf-8' } })
    }
    if (url === SCRIPT_URL) {
      return new Response(script, {
        headers: { ...headers, 'Content-Type': 'text/javascript; charset=utf-8' },
      })
    }
    return new Response(undefined, { status: 404, headers })
  }
}

export function isTransportPageFile(url: string, name: TransportPageName): boolean {
  return url === transportPageUrl(name) || url === SCRIPT_URL
}
