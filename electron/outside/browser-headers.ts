/**
 * The headers of a request as the front's server sees them: those that a transport asks for, and the few that any
 * browser of the same make sends. Nothing says which program asks, from which page, on which system or in which language.
 */
import type { WebJob } from './outside-messages.ts'

/** What the page may read of an answer, beside its body: nothing that would lead it anywhere or be kept. */
const KEPT_OF_ANSWERS = ['content-encoding', 'content-length', 'content-type', 'transfer-encoding']

/** The most usual system, whatever this one is; the version is the engine's own, with which the TLS hello agrees. */
export function browserName(chromeVersion: string): string {
  const major = chromeVersion.split('.')[0] ?? ''
  return `Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/${major}.0.0.0 Safari/537.36`
}

/** Connection and Content-Length come from Chromium itself. */
export function requestHeaders({ host, headers }: WebJob, userAgent: string): Record<string, string> {
  const usual: readonly (readonly [string, string])[] = [
    ['User-Agent', userAgent],
    ['Accept', '*/*'],
    ['Accept-Encoding', 'gzip, deflate, br'],
    ['Accept-Language', 'en-US,en;q=0.9'],
  ]
  const asked = new Set(headers.map(([name]) => name.toLowerCase()))
  return Object.fromEntries([
    ['Host', host],
    ...usual.filter(([name]) => !asked.has(name.toLowerCase())),
    ...headers,
  ])
}

/** The page's origin is let in; everything else that a server could tell a browser to do is gone. */
export function answerHeaders(
  received: Readonly<Record<string, readonly string[]>>,
  origin: string,
): Record<string, string[]> {
  const kept = Object.entries(received).filter(([name]) => KEPT_OF_ANSWERS.includes(name.toLowerCase()))
  return {
    ...Object.fromEntries(kept.map(([name, values]) => [name, [...values]])),
    'Access-Control-Allow-Origin': [origin],
  }
}
