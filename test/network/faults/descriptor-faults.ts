/** Server descriptors that a bridge must not be believed. */
import { type DescriptorFields, writeDescriptor } from '../descriptor-writer.ts'
import { createRelayKeys, signingKeyCert } from '../relay-identity.ts'
import type { Relay } from '../relays/relay.ts'
import { once } from './packing-faults.ts'

const DAY_MS = 86_400_000
const LONG_AGO_MS = 30 * DAY_MS

export type DescriptorFault =
  /** Whole and good, but of somebody else. */
  | 'descriptor-of-another'
  /** Its own, with the onion key of somebody else in it. */
  | 'descriptor-with-another-key'
  /** The RSA signature is by somebody else. */
  | 'descriptor-signed-by-another'
  /** The ed25519 signature is. */
  | 'descriptor-signed-by-another-key'
  /** A line was changed after it was signed. */
  | 'descriptor-changed'
  | 'descriptor-of-last-month'
  | 'descriptor-of-next-month'
  /** The certificate of its signing key has ended. */
  | 'descriptor-with-old-certificate'

const another = once(() => createRelayKeys())

/** The text that the bridge sends. */
export function misdescribe(fault: DescriptorFault, relay: Relay, nowMs: number): string {
  const { identity } = relay
  const own = (changes: Partial<DescriptorFields>): string => relay.describe(nowMs, changes)
  switch (fault) {
    case 'descriptor-of-another':
      return writeDescriptor(another(), nowMs)
    case 'descriptor-with-another-key':
      return writeDescriptor({ ...identity, ntorKey: another().ntorKey }, nowMs)
    case 'descriptor-signed-by-another':
      return own({ rsaSigner: another().rsaKey })
    case 'descriptor-signed-by-another-key':
      return own({ ed25519Signer: another().signingKey })
    case 'descriptor-changed':
      return own({}).replace(/^bandwidth 1000/m, 'bandwidth 9000')
    case 'descriptor-of-last-month':
      return own({ publishedMs: nowMs - LONG_AGO_MS })
    case 'descriptor-of-next-month':
      return own({ publishedMs: nowMs + LONG_AGO_MS })
    case 'descriptor-with-old-certificate':
      return own({ certificate: signingKeyCert(identity, nowMs, { expiresMs: nowMs - DAY_MS }) })
  }
}
