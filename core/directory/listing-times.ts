/**
 * When the microdescriptors on disk that no consensus lists any more were last listed: a relay that comes back within
 * a week then needs no new one (dir-spec, "client operation", keeps them for seven days).
 */
import { bytesKey, fromBase64 } from '../util/bytes.ts'

const DIGEST_BYTES = 32
const KEPT_MS = 7 * 24 * 60 * 60 * 1000
/** Twice what the live network replaces in a week; the file is ours, but not to be trusted. */
const MAX_ENTRIES = 20_000
/** A digest as `bytesKey` gives it, in base64 without padding, and the time in milliseconds. */
const LINE = /^([A-Za-z0-9+/]{43}) ([0-9]{1,15})$/

export class ListingTimes {
  /** By `bytesKey` of the digest, only for what is not listed now; in the order of the times. */
  readonly #times = new Map<string, number>()
  #listed: Buffer = Buffer.alloc(0)

  /** Lines that cannot be read, and times that have not come yet, are left out: what they were about counts anew. */
  read(text: string, nowMs: number): void {
    for (const line of text.split('\n', MAX_ENTRIES)) {
      const [, digest = '', time = ''] = LINE.exec(line) ?? []
      if (digest !== '' && Number(time) <= nowMs) this.#times.set(bytesKey(fromBase64(digest)), Number(time))
    }
  }

  /** A consensus with these digests, back to back, holds from now on. Gives whether anything is new. */
  note(listed: Buffer, nowMs: number): boolean {
    const now = keysOf(listed)
    let isNew = false
    for (const key of now) isNew = this.#times.delete(key) || isNew
    for (const key of keysOf(this.#listed)) {
      if (now.has(key)) continue
      this.#add(key, nowMs)
      isNew = true
    }
    this.#listed = listed
    return isNew
  }

  /** Documents found on disk: what is not listed, and was never heard of, counts from now. */
  noteFound(digests: Buffer, nowMs: number): void {
    const listed = keysOf(this.#listed)
    for (const key of keysOf(digests)) if (!listed.has(key) && !this.#times.has(key)) this.#add(key, nowMs)
  }

  /** Says of each document whether it is to be kept, and forgets those that are not. */
  keeper(nowMs: number): (digestKey: string) => boolean {
    for (const [key, timeMs] of this.#times) if (nowMs - timeMs > KEPT_MS) this.#times.delete(key)
    const listed = keysOf(this.#listed)
    return (key) => listed.has(key) || this.#times.has(key)
  }

  toString(): string {
    return [...this.#times]
      .map(([key, timeMs]) => `${Buffer.from(key, 'latin1').toString('base64').slice(0, 43)} ${timeMs}\n`)
      .join('')
  }

  #add(key: string, nowMs: number): void {
    this.#times.set(key, nowMs)
    const [oldest] = this.#times.keys()
    if (this.#times.size > MAX_ENTRIES && oldest !== undefined) this.#times.delete(oldest)
  }
}

function keysOf(digests: Buffer): Set<string> {
  const keys = new Set<string>()
  for (let at = 0; at < digests.length; at += DIGEST_BYTES) {
    keys.add(bytesKey(digests.subarray(at, at + DIGEST_BYTES)))
  }
  return keys
}
