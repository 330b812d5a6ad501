/** What main says to the hidden pages and what they say to it; a page may have met a hostile server or peer. */
import * as v from 'valibot'
import { MAX_RESPONSE_BYTES } from './limits.ts'

export type ToPage =
  | {
      readonly kind: 'fetch'
      readonly id: number
      /** Its fragment is the id, by which main tells what the request is for. */
      readonly url: string
      readonly method: 'GET' | 'POST'
      readonly body: Uint8Array<ArrayBuffer> | undefined
      readonly maxResponseBytes: number
    }
  /** The peer's port comes with it. */
  | {
      readonly kind: 'peer'
      readonly id: number
      readonly iceServers: readonly string[]
      readonly label: string
    }
  | { readonly kind: 'cancel'; readonly id: number }

const id = v.pipe(v.number(), v.safeInteger(), v.minValue(0))

const fromPageSchema = v.variant('kind', [
  v.strictObject({
    kind: v.literal('fetched'),
    id,
    body: v.pipe(
      v.instance(Uint8Array),
      v.check(({ length }) => length <= MAX_RESPONSE_BYTES),
    ),
  }),
  v.strictObject({ kind: v.literal('not-fetched'), id, why: v.picklist(['failed', 'too-long']) }),
  v.strictObject({ kind: v.literal('peer-closed'), id }),
])
export type FromPage = v.InferOutput<typeof fromPageSchema>

/** Undefined for what no page of ours says. */
export function parseFromPage(message: unknown): FromPage | undefined {
  const parsed = v.safeParse(fromPageSchema, message, { abortEarly: true })
  return parsed.success ? parsed.output : undefined
}
