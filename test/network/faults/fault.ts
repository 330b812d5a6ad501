/**
 * Misbehaviour as data: a test names a relay and what it does wrong, and the relays of this process look here at every
 * place where they could do wrong. A fault counts how often it was committed: a test of one that never was shows nothing.
 */
import type { RelayMessage } from '../../../core/cell/relay-message.ts'
import type { DescriptorFault } from './descriptor-faults.ts'
import type { PACKING_FAULTS } from './packing-faults.ts'

/** Before and during TLS. */
export type ConnectionFault =
  /** TCP is taken and ended, as by a relay that is gone (TROVE-2026-056). */
  | 'close-at-once'
  /** TCP is taken, and nothing comes, ever. */
  | 'stall-before-tls'
  | 'garbage-instead-of-tls'
  /** A byte of what could be TLS now and then, for ever (slow loris). */
  | 'drip-before-tls'
  | 'stall-after-tls'
  /** A byte of padding now and then, for ever (slow loris). */
  | 'drip-after-tls'

/** In the link handshake, and on the open link right after it. */
export type GreetingFault =
  | 'stall-after-versions'
  | 'no-common-version'
  | 'odd-versions'
  | 'versions-twice'
  | 'versions-of-60-kilobytes'
  | 'certs-twice'
  | 'certs-after-netinfo'
  | 'no-certs'
  | 'no-challenge'
  | 'certs-expired'
  | 'certs-of-another-relay'
  | 'tls-cert-of-another'
  /** Two certificates of one type. */
  | 'cert-type-twice'
  /** The one by which the RSA identity vouches for the other is not there. */
  | 'cert-missing'
  | 'cert-changed'
  /** A CERTS cell of 60,000 bytes. */
  | 'certs-without-end'
  /** Cells of 65,535 bytes, which a client has to skip, where the handshake should go on. */
  | 'padding-without-end'
  | 'netinfo-first'
  | 'relay-before-netinfo'
  | 'unknown-before-netinfo'
  | 'certs-on-open-link'
  | 'netinfo-on-open-link'
  | 'create-to-client'
  | 'padding-on-open-link'
  | 'unknown-on-open-link'
  /** A cell of 65,535 bytes that a client would have to keep to read it. */
  | 'oversize-on-open-link'
  /** Relay cells of circuits that do not exist. */
  | 'strangers-on-open-link'

export type LinkFault = ConnectionFault | GreetingFault

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
  /** Answers of the kind that belongs to the other request: CREATED_FAST to CREATE2 and the reverse. */
  | 'other-kind'
  /** Its public key is zero, with which every secret is known. */
  | 'zero-key'
  /** DESTROY, and once more. */
  | 'destroy-twice'
  /** Goes on with DATA for a stream that nobody has opened. */
  | 'speak-first'

/** In answering about congestion control, inside ntor-v3. */
export type CongestionFault =
  /** Which is no fault, but may be. */
  | 'not-granted'
  /** Answers what nobody asked. */
  | 'unasked'
  | 'increment-too-large'
  | 'increment-zero'
  | 'without-increment'

/** Of an exit that joins circuits (proposal 329). */
export type ConfluxFault =
  /** It sends on the leg that was linked first, and waits while there is no room. */
  | 'keep-to-one-leg'
  /** With every message, as far as there is room. */
  | 'change-legs-always'

/** To a relay message that the relay sends to the client. */
export type MessageFault =
  | { readonly do: 'drop' | 'twice' | 'wrong-digest' | 'as-relay-early' | 'destroy' | 'close-channel' }
  /** The byte of the cell's encrypted body. */
  | { readonly do: 'corrupt'; readonly byte: number }
  | { readonly do: 'other-stream'; readonly streamId: number }
  /** Only so many bytes of its body. */
  | { readonly do: 'truncate'; readonly bytes: number }
  /** With other bytes from there on in its body. */
  | { readonly do: 'overwrite'; readonly from: number; readonly bytes: Buffer }
  /** Goes on with something else, on the same stream unless said otherwise. */
  | { readonly do: 'then-say'; readonly messages: readonly RelayMessage[]; readonly streamId?: number }
  /** Behind the one that comes next. */
  | { readonly do: 'reorder' }
  /** On the clock of the network. */
  | { readonly do: 'delay'; readonly ms: number }
  /** Says that it is longer than a cell. */
  | { readonly do: 'overlong' }
  /** Says something else before, or instead, on the same stream. */
  | { readonly do: 'first-say' | 'instead-say'; readonly messages: readonly RelayMessage[] }

/** To a cell of a later hop that passes through the relay to the client. */
export type PassingFault =
  | { readonly do: 'drop' | 'twice' | 'reorder' | 'as-relay-early' | 'destroy' | 'close-channel' }
  | { readonly do: 'corrupt'; readonly byte: number }
  /** Keeps it for so long on the clock of the network, and what comes behind it, too. */
  | { readonly do: 'hold'; readonly ms: number }
  /** Adds messages of its own, on the stream in use unless said otherwise. */
  | { readonly do: 'say'; readonly messages: readonly RelayMessage[]; readonly streamId?: number }

export type DirectoryFault =
  | keyof typeof PACKING_FAULTS
  | DescriptorFault
  | 'not-found'
  | 'busy'
  | 'redirect'
  | 'say-nothing'
  | 'cut-short'
  | 'endless'
  /** A byte now and then (slow loris). */
  | 'drip'
  | 'garbage'
  | 'head-without-end'
  | 'body-without-end'
  | 'claims-terabytes'
  /** The consensus of some days ago, whole and signed. */
  | 'old-consensus'
  | 'future-consensus'
  /** Another consensus of the time of the one that the client holds, signed by the same authorities. */
  | 'split-view'
  /** A consensus that too few of the authorities have signed. */
  | 'few-signatures'
  /** As many signatures as there are authorities, all of the same one. */
  | 'one-signature-many-times'
  /** Signatures with digests that nobody knows (TROVE-2026-019). */
  | 'unknown-digests'
  /** One weight was changed after it was signed. */
  | 'changed-consensus'
  /** A consensus with signatures of authorities of its own. */
  | 'forged-consensus'
  /** A diff that makes very much of little (TROVE-2026-042). */
  | 'diff-bomb'
  | 'diff-to-another'
  /** Its result is not what it promises. */
  | 'diff-to-nothing-good'
  | 'certificates-of-others'
  | 'expired-certificates'
  /** A microdescriptor with another onion key beside the good ones (TROVE-2026-034). */
  | 'poisoned-microdescriptor'
  | 'overlong-microdescriptors'

export type Misbehaviour =
  | { readonly at: 'link'; readonly do: LinkFault }
  | { readonly at: 'create'; readonly do: CreateFault }
  | { readonly at: 'congestion'; readonly do: CongestionFault }
  | { readonly at: 'conflux'; readonly do: ConfluxFault }
  | ({
      readonly at: 'message'
      readonly kind: RelayMessage['kind']
    } & MessageFault)
  | ({ readonly at: 'passing' } & PassingFault)
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
