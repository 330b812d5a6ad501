/**
 * Link specifiers: how EXTEND2 and introduction points name a relay on the wire (tor-spec 5.1.2). Types that we do
 * not know are kept byte for byte, because an introduction point's list must be passed on as it came.
 */
import type { ByteReader } from '../util/byte-reader.ts'
import { ByteWriter } from '../util/byte-writer.ts'
import { malformed, TorError } from '../util/errors.ts'
import { formatIp, IPV4_BYTES, IPV6_BYTES, parseIp } from '../util/ip-address.ts'
import {
  type Ed25519Identity,
  ed25519IdentityBytes,
  ed25519IdentityFromBytes,
  type RsaIdentity,
  rsaIdentityBytes,
  rsaIdentityFromBytes,
} from './relay-ids.ts'
import type { ChannelTarget, Endpoint } from './relay-target.ts'

export type LinkSpecifier =
  | ({ readonly kind: 'ipv4' | 'ipv6' } & Endpoint)
  | { readonly kind: 'rsa'; readonly id: RsaIdentity }
  | { readonly kind: 'ed25519'; readonly id: Ed25519Identity }
  | { readonly kind: 'unknown'; readonly type: number; readonly body: Buffer }

const LSTYPE = { IPV4: 0, IPV6: 1, RSA: 2, ED25519: 3 } as const

/** The count and each length are one byte on the wire. */
export const MAX_LINK_SPECIFIERS = 255
export const MAX_LINK_SPECIFIER_BODY_BYTES = 255

/**
 * What EXTEND2 says of a relay, in C tor's order: IPv4, RSA, ed25519, IPv6. `includeEd25519` is the consensus
 * parameter ExtendByEd25519ID. Throws `no-path` when the relay has no IPv4 endpoint, which EXTEND2 must name.
 */
export function linkSpecifiersOf(target: ChannelTarget, includeEd25519 = true): LinkSpecifier[] {
  const ipv4 = target.endpoints.find((endpoint) => !endpoint.host.includes(':'))
  const ipv6 = target.endpoints.find((endpoint) => endpoint.host.includes(':'))
  if (ipv4 === undefined)
    throw new TorError('no-path', 'a relay without an IPv4 address cannot be extended to')
  const specifiers: LinkSpecifier[] = [
    { kind: 'ipv4', host: ipv4.host, port: ipv4.port },
    { kind: 'rsa', id: target.ids.rsa },
  ]
  if (includeEd25519 && target.ids.ed25519 !== undefined) {
    specifiers.push({ kind: 'ed25519', id: target.ids.ed25519 })
  }
  if (ipv6 !== undefined) specifiers.push({ kind: 'ipv6', host: ipv6.host, port: ipv6.port })
  return specifiers
}

/** NSPEC and then each { LSTYPE, LSLEN, LSPEC }. Throws `malformed` when a list, body or address does not fit. */
export function encodeLinkSpecifiers(specifiers: readonly LinkSpecifier[]): Buffer {
  if (specifiers.length > MAX_LINK_SPECIFIERS) {
    malformed('link specifiers', `at most ${MAX_LINK_SPECIFIERS}`, specifiers.length)
  }
  const writer = new ByteWriter().u8(specifiers.length)
  for (const specifier of specifiers) {
    const { type, body } = encodeOne(specifier)
    if (body.length > MAX_LINK_SPECIFIER_BODY_BYTES)
      malformed('link specifier', 'at most 255 bytes', body.length)
    writer.u8(type).u8(body.length).bytes(body)
  }
  return writer.finish()
}

/** Reads NSPEC and the list, leaving the reader behind it. The result shares no memory. Throws `malformed`. */
export function decodeLinkSpecifiers(reader: ByteReader): LinkSpecifier[] {
  const count = reader.u8()
  const specifiers: LinkSpecifier[] = []
  for (let read = 0; read < count; read++) {
    const type = reader.u8()
    specifiers.push(decodeOne(type, reader.take(reader.u8())))
  }
  return specifiers
}

function encodeOne(specifier: LinkSpecifier): { type: number; body: Buffer } {
  switch (specifier.kind) {
    case 'ipv4':
      return { type: LSTYPE.IPV4, body: encodeEndpoint(specifier, IPV4_BYTES) }
    case 'ipv6':
      return { type: LSTYPE.IPV6, body: encodeEndpoint(specifier, IPV6_BYTES) }
    case 'rsa':
      return { type: LSTYPE.RSA, body: rsaIdentityBytes(specifier.id) }
    case 'ed25519':
      return { type: LSTYPE.ED25519, body: ed25519IdentityBytes(specifier.id) }
    case 'unknown':
      return { type: specifier.type, body: specifier.body }
  }
}

function decodeOne(type: number, body: Buffer): LinkSpecifier {
  switch (type) {
    case LSTYPE.IPV4:
      return { kind: 'ipv4', ...decodeEndpoint(body, IPV4_BYTES) }
    case LSTYPE.IPV6:
      return { kind: 'ipv6', ...decodeEndpoint(body, IPV6_BYTES) }
    case LSTYPE.RSA:
      return { kind: 'rsa', id: rsaIdentityFromBytes(body) }
    case LSTYPE.ED25519:
      return { kind: 'ed25519', id: ed25519IdentityFromBytes(body) }
    default:
      return { kind: 'unknown', type, body }
  }
}

function encodeEndpoint(endpoint: Endpoint, addressBytes: number): Buffer {
  const address = parseIp(endpoint.host)
  if (address.length !== addressBytes)
    malformed('link specifier address', `${addressBytes} bytes`, address.length)
  return new ByteWriter().bytes(address).u16(endpoint.port).finish()
}

function decodeEndpoint(body: Buffer, addressBytes: number): Endpoint {
  if (body.length !== addressBytes + 2) malformed('link specifier', `${addressBytes + 2} bytes`, body.length)
  return { host: formatIp(body.subarray(0, addressBytes)), port: body.readUInt16BE(addressBytes) }
}
