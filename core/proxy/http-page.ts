/** The few fixed answers in HTTP that the front doors give. Nothing that an application sent is ever echoed in them. */
import type { HttpStatus } from './reply-codes.ts'

/** A complete response with a short page; the connection closes behind it. `title` and `text` are constants of ours. */
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
      'Connection: close',
      ...extraHeaders,
    ],
    page,
  )
}

/** Status line, headers and body. Headers have no line ends. */
export function encodeHttpHead(status: HttpStatus, headers: readonly string[], body = ''): Buffer {
  const lines = [`HTTP/1.1 ${status.code} ${status.phrase}`, ...headers, '', body]
  return Buffer.from(lines.join('\r\n'), 'utf8')
}
