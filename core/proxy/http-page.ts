/** The few answers of our own in HTTP that the front doors give. Nothing that an application sent is ever echoed in them. */
import type { HttpStatus } from './reply-codes.ts'

/** What names this software towards applications on this machine (proposal 365); nothing of it goes to the network. */
export const VIA_HEADER = 'Via: tor/1.0 tor-network (Allium)'
export const SERVER_HEADER = 'Server: tor/1.0 (Allium)'
/** Each request header that we honour is a capability of its name. */
export const CAPABILITIES_HEADER =
  'Tor-Capabilities: Tor-Stream-Isolation X-Tor-Stream-Isolation Tor-Family-Preference'

/** A complete response with a short page; the connection closes behind it. `title` and `text` are words of ours. */
export function encodeHttpPage(
  status: HttpStatus,
  title: string,
  text: string,
  extraHeaders: readonly string[] = [],
): Buffer {
  const page = `<!DOCTYPE html>\n<html><head><title>${title}</title></head>\n<body><h1>${title}</h1>\n<p>${text}</p></body></html>\n`
  return encodeHttpHead(
    status,
    [
      'Content-Type: text/html; charset=utf-8',
      `Content-Length: ${Buffer.byteLength(page)}`,
      'Cache-Control: no-store',
      'Connection: close',
      ...extraHeaders,
    ],
    page,
  )
}

/** Status line, headers and body. Headers have no line ends. */
export function encodeHttpHead(status: HttpStatus, headers: readonly string[], body = ''): Buffer {
  const lines = [`HTTP/1.1 ${status.code} ${status.phrase}`, ...headers, '', body]
  return Buffer.from(lines.join('\r\n'), 'latin1')
}
