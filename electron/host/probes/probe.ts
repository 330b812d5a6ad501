/**
 * The few small things that the connection doctor lets the core host ask of the network, and what may come back. None
 * of them says anything of Tor; whom they ask is main's choice, and what follows from the answers, too.
 */
import * as v from 'valibot'
import { type UpstreamProxySetting, upstreamProxySchema } from '../../ipc/settings.ts'

export type Probe =
  /** Looks at this computer's own interfaces; sends nothing. */
  | { readonly kind: 'link' }
  /** One plain request whose answer is known beforehand. Redirects are not followed. */
  | { readonly kind: 'http'; readonly url: string; readonly status: number; readonly body: string }
  /** Asks the system's resolver. */
  | { readonly kind: 'resolve'; readonly name: string }
  /** Connects and hangs up; with a proxy, through it, and then `host` is an IP address. */
  | {
      readonly kind: 'tcp'
      readonly host: string
      readonly port: number
      readonly proxy: UpstreamProxySetting | null
    }
  /** Agrees on encryption, checks the certificate for `name`, and hangs up. */
  | {
      readonly kind: 'tls'
      readonly host: string
      readonly port: number
      readonly name: string
      readonly proxy: UpstreamProxySetting | null
      /** Authorities to believe instead of the usual ones, as PEM: for a network of one's own. */
      readonly ca: string | null
    }
  /** One question of STUN (RFC 8489), as calls and games send it, over UDP. */
  | { readonly kind: 'stun'; readonly host: string; readonly port: number }

export const PROBE_FAILURES = [
  'refused',
  'reset',
  'timeout',
  'unreachable',
  /** The name does not exist, as far as the resolver says. */
  'no-name',
  /** The resolver itself does not answer. */
  'no-resolver',
  'bad-certificate',
  /** A certificate whose time has not come or is over: by this computer's clock. */
  'bad-date',
  /** The proxy cannot be reached or does not do what it should. */
  'proxy',
  'other',
] as const
export type ProbeFailure = (typeof PROBE_FAILURES)[number]

export type ProbeResult =
  | { readonly kind: 'failed'; readonly why: ProbeFailure }
  | { readonly kind: 'reached' }
  | {
      readonly kind: 'link'
      /** Addresses that lead out of this computer. */
      readonly ipv4: number
      readonly ipv6: number
      /** Those that a computer gives itself when nobody else does. */
      readonly selfAssigned: number
    }
  | {
      readonly kind: 'http'
      readonly isExpected: boolean
      readonly status: number
      /** By the answer's date, in milliseconds: how far this clock is ahead of the server's. */
      readonly clockAheadMs: number | undefined
    }
  | { readonly kind: 'resolved'; readonly addresses: readonly string[] }

const host = v.pipe(v.string(), v.regex(/^[A-Za-z0-9.:_-]{1,255}$/))
const port = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(65_535))
const proxy = v.nullable(upstreamProxySchema)
/** A known answer is a word or two. */
const MAX_BODY_CHARS = 1_000
const MAX_CA_CHARS = 20_000

export const probeSchema: v.GenericSchema<unknown, Probe> = v.variant('kind', [
  v.strictObject({ kind: v.literal('link') }),
  v.strictObject({
    kind: v.literal('http'),
    url: v.pipe(v.string(), v.maxLength(500), v.regex(/^http:\/\/[\x21-\x7e]+$/)),
    status: v.pipe(v.number(), v.integer(), v.minValue(200), v.maxValue(599)),
    body: v.pipe(v.string(), v.maxLength(MAX_BODY_CHARS)),
  }),
  v.strictObject({ kind: v.literal('resolve'), name: host }),
  v.strictObject({ kind: v.literal('tcp'), host, port, proxy }),
  v.strictObject({
    kind: v.literal('tls'),
    host,
    port,
    name: host,
    proxy,
    ca: v.nullable(v.pipe(v.string(), v.maxLength(MAX_CA_CHARS))),
  }),
  v.strictObject({ kind: v.literal('stun'), host, port }),
])

const count = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(1_000))
const MAX_ADDRESSES = 100

export const probeResultSchema: v.GenericSchema<unknown, ProbeResult> = v.variant('kind', [
  v.object({ kind: v.literal('failed'), why: v.picklist(PROBE_FAILURES) }),
  v.object({ kind: v.literal('reached') }),
  v.object({ kind: v.literal('link'), ipv4: count, ipv6: count, selfAssigned: count }),
  v.object({
    kind: v.literal('http'),
    isExpected: v.boolean(),
    status: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(999)),
    clockAheadMs: v.undefinedable(v.pipe(v.number(), v.finite())),
  }),
  v.object({
    kind: v.literal('resolved'),
    addresses: v.pipe(v.array(v.pipe(v.string(), v.ip())), v.maxLength(MAX_ADDRESSES)),
  }),
])
