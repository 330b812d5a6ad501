/** One request of a transport, made as pages make theirs: no cookies, no cache, no redirects, no referrer. */
import type { ToPage } from '../page-messages.ts'

export class AnswerTooLong extends Error {}

/** Resolves with the whole body, decoded; of a redirect, with nothing. Rejects with `AnswerTooLong` or what `fetch` says. */
export async function fetchWeb(
  { url, method, body, maxResponseBytes }: Extract<ToPage, { kind: 'fetch' }>,
  abort: AbortController,
): Promise<Uint8Array<ArrayBuffer>> {
  const response = await fetch(url, {
    method,
    ...(body === undefined ? {} : { body }),
    credentials: 'omit',
    cache: 'no-store',
    redirect: 'manual',
    referrerPolicy: 'no-referrer',
    signal: abort.signal,
  })
  const chunks: Uint8Array[] = []
  let length = 0
  const reader = response.body?.getReader()
  for (;;) {
    const { done, value } = (await reader?.read()) ?? { done: true, value: undefined }
    if (done || value === undefined) break
    length += value.length
    if (length > maxResponseBytes) {
      abort.abort()
      throw new AnswerTooLong()
    }
    chunks.push(value)
  }
  return joined(chunks, length)
}

function joined(chunks: readonly Uint8Array[], length: number): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(length)
  let at = 0
  for (const chunk of chunks) {
    whole.set(chunk, at)
    at += chunk.length
  }
  return whole
}
