/**
 * Serves the page from `app://allium/`: an origin of its own, secure, and with headers, which `file:` has not. Only
 * the files that lay in the renderer's folder at the start exist; what is asked for is looked up among them and never
 * becomes a path, so that there is nothing to climb out of.
 */
import { readdir, readFile } from 'node:fs/promises'
import { extname, join } from 'node:path'

export const APP_SCHEME = 'app'
export const APP_ORIGIN = 'app://allium'
export const APP_PAGE = `${APP_ORIGIN}/index.html`

/** What the page may do: run, style, picture and letter with our own files. It speaks to nobody. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "font-src 'self'",
  "connect-src 'none'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ')

const HEADERS = {
  'Content-Security-Policy': CONTENT_SECURITY_POLICY,
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'X-DNS-Prefetch-Control': 'off',
  'Cache-Control': 'no-store',
}

/** All that a build of the renderer is made of; a file of another kind is not served. */
const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.woff2': 'font/woff2',
}

export type AppFiles = ReadonlyMap<string, { readonly file: string; readonly type: string }>

/** Address -> file, for every file in the folder that has a type. */
export async function listAppFiles(folder: string): Promise<AppFiles> {
  const files = new Map<string, { readonly file: string; readonly type: string }>()
  const visit = async (path: string, address: string): Promise<void> => {
    for (const entry of await readdir(path, { withFileTypes: true })) {
      const file = join(path, entry.name)
      const type = TYPES[extname(entry.name)]
      if (entry.isDirectory()) await visit(file, `${address}/${entry.name}`)
      else if (entry.isFile() && type !== undefined) files.set(`${address}/${entry.name}`, { file, type })
    }
  }
  await visit(folder, APP_ORIGIN)
  return files
}

/** Answers a request of the page; also for what it must not have, never with an exception. */
export async function answerAppRequest(
  files: AppFiles,
  request: { readonly method: string; readonly url: string },
): Promise<Response> {
  if (request.method !== 'GET') return new Response(undefined, { status: 405, headers: HEADERS })
  const found = files.get(withoutQuery(request.url))
  if (found === undefined) return new Response(undefined, { status: 404, headers: HEADERS })
  try {
    return new Response(await readFile(found.file), { headers: { ...HEADERS, 'Content-Type': found.type } })
  } catch {
    return new Response(undefined, { status: 500, headers: HEADERS })
  }
}

/** Whether an address is the app's own page, whatever follows `?` or `#`. */
export function isAppPage(url: string): boolean {
  return withoutQuery(url) === APP_PAGE
}

/** Whether an address is of our origin; `app://allium.example/` and `app://allium@x/` are not. */
export function isAppUrl(url: string): boolean {
  return url.startsWith(`${APP_ORIGIN}/`)
}

function withoutQuery(url: string): string {
  return url.replace(/[?#].*$/s, '')
}
