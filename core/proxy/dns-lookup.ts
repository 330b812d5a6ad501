/** What a DNSPort's question is answered with: a look-up through the client, and its outcome as a reply code. */
import type { StreamOpener, StreamOptions } from '../client/client-port.ts'
import { parseStreamHost } from '../client/stream-target.ts'
import { addressOfReverseName } from '../stream/reverse-name.ts'
import type { TorError } from '../util/errors.ts'
import {
  type DnsAnswer,
  type DnsQuery,
  DnsReplyCode,
  type DnsReplyCodeValue,
  DnsType,
} from './dns-message.ts'

/** What the question is about: a name's addresses or an address's names. */
export type DnsSubject =
  | { readonly kind: 'name'; readonly host: string }
  | { readonly kind: 'address'; readonly host: string }

/** Undefined for what no host is called: there can be no such name. */
export function subjectOf(query: DnsQuery): DnsSubject | undefined {
  if (query.name === undefined) return undefined
  if (query.type === DnsType.PTR) {
    const host = addressOfReverseName(query.name.toLowerCase())
    return host === undefined ? undefined : { kind: 'address', host }
  }
  try {
    const { host, kind } = parseStreamHost(query.name)
    return kind === 'ipv4' || kind === 'ipv6' ? undefined : { kind: 'name', host }
  } catch {
    return undefined
  }
}

/**
 * Asks the client. A name without an address of the wanted family is there all the same: no answers then. Rejects with
 * the client's `TorError`.
 */
export async function lookUp(
  opener: Pick<StreamOpener, 'resolve' | 'resolveAddress'>,
  query: DnsQuery,
  subject: DnsSubject,
  options: StreamOptions,
): Promise<readonly DnsAnswer[]> {
  if (subject.kind === 'address') {
    const names = await opener.resolveAddress(subject.host, options)
    return names.map(({ name, ttlSeconds }) => ({ kind: 'name', name, ttlSeconds }))
  }
  // RESOLVE cannot say which family is wanted, so the answer is the same for A and AAAA.
  const families = { allowsIpv4: true, allowsIpv6: true, prefersIpv6: query.type === DnsType.AAAA }
  const found = await opener.resolve(subject.host, { ...options, families })
  return found
    .filter(({ family }) => query.type === DnsType.ANY || (family === 'ipv4') === (query.type === DnsType.A))
    .map(({ address, ttlSeconds }) => ({ kind: 'address', address, ttlSeconds }))
}

/**
 * NXDOMAIN only where the exit is sure, or where the name can never be asked of one (RFC 7686 for onion addresses):
 * applications remember it. All else may be better in a moment.
 */
export function replyCodeFor(error: TorError): DnsReplyCodeValue {
  if (error.kind === 'bad-target') return DnsReplyCode.NXDOMAIN
  const isSure = error.kind === 'resolve-failed' && error.retry === 'never'
  return isSure ? DnsReplyCode.NXDOMAIN : DnsReplyCode.SERVFAIL
}
