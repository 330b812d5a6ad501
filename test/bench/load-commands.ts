/** What the bench asks of its load process, and what comes back; both cross a process boundary as plain data. */

export type LoadCommand =
  /** `streams` transfers at once, each of `bytes`; each on a circuit of its own when there is more than one. */
  | { kind: 'transfer'; direction: 'down' | 'up'; bytes: number; streams: number; user: string }
  /** `count` connections to the same destination on one circuit, at most `atOnce` at a time, `gapMs` and up to 20 ms apart. */
  | { kind: 'connect'; count: number; atOnce: number; gapMs: number; user: string }
  /** `count` connections, each with credentials of its own and so on a circuit of its own, one after the other. */
  | { kind: 'first-byte'; count: number; user: string }
  /** `count` connections, `atOnce` at a time, that then stay open and idle until a `release`. */
  | { kind: 'hold'; count: number; atOnce: number; user: string }
  | { kind: 'release' }
  /** One upload of `bytes`, and beside it on the same circuit an echo every `gapMs`. */
  | { kind: 'upload-and-echo'; bytes: number; gapMs: number; user: string }

export interface LoadResult {
  /** From the first payload byte to the last; 0 where nothing is transferred. */
  readonly seconds: number
  readonly bytes: number
  /** SOCKS connects, first bytes or echoes, in milliseconds, in the order in which they came. */
  readonly latenciesMs: readonly number[]
  /** Requests that failed. */
  readonly failures: number
}

export interface LoadRequest {
  readonly id: number
  readonly socksPort: number
  readonly targetPort: number
  readonly command: LoadCommand
}

export type LoadReply =
  | { readonly id: number; readonly result: LoadResult }
  | { readonly id: number; readonly error: string }
