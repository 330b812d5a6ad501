/**
 * Misbehaviour as data: a test names a relay and what it does wrong, and the relays of this process look here at every
 * place where they could do wrong. A fault counts how often it was committed: a test of one that never was shows nothing.
 */
import type { RelayMessage } from '../../../core/cell/relay-message.ts'

/** Before and during TLS and the link handshake. */
export type LinkFault =
  /** TCP is taken, and nothing comes, ever. */
  | 'stall-before-tls'
  | 'stall-after-tls'
  | 'stall-after-versions'
  /** A byte now and then, for ever. */
  | 'drip'
  | 'no-common-version'
  | 'certs-twice'
  | 'certs-after-netinfo'
  | 'no-certs'
  | 'certs-expired'
  | 'certs-of-another-relay'
  | 'tls-cert-of-another'
  /** A CERTS cell of 60,000 bytes. */
  | 'certs-without-end'
  | 'netinfo-first'

/** In answering CREATE_FAST, CREATE2 and EXTEND2. */
export type CreateFault =
  | 'say-nothing'
  | 'destroy'
  /** One bit of the proof is wrong. */
  | 'wrong-proof'
  | 'cut-short'
  /** Says that it is longer than its cell. */
  | 'longer-than-its-cell'
  | 'twice'

/** In answering about congestion control, inside ntor-v3. */
export type CongestionFault =
  /** Which is no fault, but may be. */
  | 'not-granted'
  /** Answers what nobody asked. */
  | 'unasked'
  | 'increment-too-large'
  | 'increment-zero'
  | 'without-increment'

/** To a relay message that the relay sends to the client. */
export type MessageFault =
  | { readonly do: 'drop' | 'twice' | 'wrong-digest' | 'as-relay-early' | 'destroy' | 'close-channel' }
  /** The byte of the cell's encrypted body. */
  | { readonly do: 'corrupt'; readonly byte: number }
  | { readonly do: 'other-stream'; readonly streamId: number }
  /** Only so many bytes of its body. */
  | { readonly do: 'truncate'; readonly bytes: number }
  /** Goes on with something else, on the same stream unless said otherwise. */
  | { readonly do: 'then-say'; readonly messages: readonly RelayMessage[]; readonly streamId?: number }
  /** Behind the one that comes next. */
  | { readonly do: 'reorder' }
  | { readonly do: 'delay'; readonly ms: number }

export type DirectoryFault =
  | 'not-found'
  | 'busy'
  | 'say-nothing'
  | 'cut-short'
  /** A small body that unpacks to very much. */
  | 'bomb'
  | 'endless'
  /** The consensus of some days ago, whole and signed. */
  | 'old-consensus'
  /** A consensus that too few of the authorities have signed. */
  | 'few-signatures'
  /** A consensus with a relay of its own, signed by authorities of its own. */
  | 'forged-consensus'
  /** A diff that makes very much of little (TROVE-2026-042). */
  | 'diff-bomb'
  /** A microdescriptor with another onion key beside the good ones (TROVE-2026-034). */
  | 'poisoned-microdescriptor'
  | 'garbage'

export type Misbehaviour =
  | { readonly at: 'link'; readonly do: LinkFault }
  | { readonly at: 'create'; readonly do: CreateFault }
  | { readonly at: 'congestion'; readonly do: CongestionFault }
  | ({
      readonly at: 'message'
      readonly kind: RelayMessage['kind']
    } & MessageFault)
  | { readonly at: 'directory'; readonly path: RegExp; readonly do: DirectoryFault }

export interface Fault {
  /** Nickname; every relay unless given. */
  readonly relay?: string
  readonly does: Misbehaviour
  /** Only at the so-manieth occasion since it was named, from 1; at each unless given. */
  readonly nth?: number
}

export class FaultBook {
  #entries: { readonly fault: Fault; occasions: number; times: number }[] = []

  /** Returns how to ask how often it was committed. */
  add(fault: Fault): { readonly times: number } {
    const entry = { fault, occasions: 0, times: 0 }
    this.#entries.push(entry)
    return entry
  }

  /** All relays behave from here on. */
  clear(): void {
    this.#entries = []
  }

  /** The fault that is due here, if any; it counts as committed. */
  due<At extends Misbehaviour['at']>(
    at: At,
    nickname: string,
    isDue: (does: Extract<Misbehaviour, { at: At }>) => boolean = () => true,
  ): Extract<Misbehaviour, { at: At }> | undefined {
    for (const entry of this.#entries) {
      const { relay = nickname, does, nth } = entry.fault
      if (relay !== nickname || !isAt(does, at) || !isDue(does)) continue
      entry.occasions++
      if (nth !== undefined && entry.occasions !== nth) continue
      entry.times++
      return does
    }
    return undefined
  }
}

function isAt<At extends Misbehaviour['at']>(
  does: Misbehaviour,
  at: At,
): does is Extract<Misbehaviour, { at: At }> {
  return does.at === at
}
