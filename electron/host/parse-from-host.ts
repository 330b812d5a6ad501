/**
 * What the host may say to main, held against schemas at main's door. The host speaks with the whole Internet: should
 * somebody take it over, it must not be able to point the system at an address of its choice, fill main's memory, or
 * put text into the window that is not what it seems. What does not have its form is none of our core's, and the host
 * that said it is ended.
 */
import * as v from 'valibot'
import { helpReplySchema } from './help-protocol.ts'
import { listReplySchema } from './lists-protocol.ts'
import { probeResultSchema } from './probes/probe.ts'
import type { FromHost, HostMethodName, HostResult, HostStatus } from './protocol.ts'

/** More than two doors with all their connections ever lead to. */
const MAX_CIRCUITS = 10_000
/** The core remembers a thousand sites, and keeps rules for as many. */
const MAX_SITES = 2_000
const MAX_SITES_A_CIRCUIT = 64
const MAX_HOPS = 8
const MAX_FLAGS = 30
/** As many as the contract lets in. */
const MAX_BRIDGES = 1_000
/** The host gathers five hundred. */
const MAX_LOG_LINES = 1_000
const MAX_COUNTRIES = 300
/** What the host cuts to two thousand may have grown by what stands for addresses. */
const MAX_DETAIL_CHARS = 20_000
const MAX_WORD_CHARS = 100
/** The largest date that there is. */
const MAX_DATE_MS = 8.64e15

/** Control characters, and marks that turn the direction of what stands around them. */
const INVISIBLE = /\p{C}|[\p{Zl}\p{Zp}]/gu

/** Technical English, shown to those who ask for it. */
const detail = v.pipe(
  v.string(),
  v.maxLength(MAX_DETAIL_CHARS),
  v.transform((text) => text.replace(INVISIBLE, ' ')),
)
const word = v.pipe(v.string(), v.maxLength(MAX_WORD_CHARS), v.regex(/^[\w.-]*$/))
/** A host as applications may name it: printable ASCII. */
const site = v.pipe(v.string(), v.regex(/^[\x21-\x7e]{1,255}$/))
const country = v.pipe(v.string(), v.regex(/^[a-z]{2}$/))
const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0))
const bytes = v.pipe(v.number(), v.finite(), v.minValue(0))
const date = v.pipe(v.number(), v.integer(), v.minValue(-MAX_DATE_MS), v.maxValue(MAX_DATE_MS))
const fingerprint = v.pipe(v.string(), v.regex(/^[0-9A-F]{40}$/))
const maybe = <Schema extends v.GenericSchema>(schema: Schema) => v.undefinedable(schema)

/** A door is on this computer: the system's own proxy setting follows it. */
const door = v.object({
  host: v.literal('127.0.0.1'),
  port: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(65_535)),
})

const proxies = v.object({
  socks: maybe(door),
  http: maybe(door),
  trouble: maybe(v.object({ port: count, detail })),
})

const hop = v.object({
  role: v.picklist(['guard', 'bridge', 'middle', 'exit', 'directory', 'end']),
  nickname: v.pipe(v.string(), v.regex(/^[A-Za-z0-9]{0,19}$/)),
  fingerprint,
  address: v.pipe(v.string(), v.regex(/^[0-9A-Fa-f.:[\]]{0,60}$/)),
  country: maybe(country),
  flags: v.pipe(v.array(word), v.maxLength(MAX_FLAGS)),
  rttMs: maybe(bytes),
  reason: v.variant('kind', [
    v.object({ kind: v.literal('guard'), sinceMs: maybe(date) }),
    v.object({ kind: v.literal('country'), country }),
    v.object({ kind: v.picklist(['bridge', 'weight', 'exit-policy', 'pin', 'options', 'directory']) }),
  ]),
})

const circuit = v.object({
  id: count,
  state: v.picklist(['building', 'waiting', 'open', 'closed']),
  purpose: v.picklist(['directory', 'exit', 'internal']),
  setId: maybe(count),
  hops: v.pipe(v.array(hop), v.maxLength(MAX_HOPS)),
  plannedHops: v.pipe(count, v.maxValue(MAX_HOPS)),
  streams: count,
  sites: v.pipe(v.array(site), v.maxLength(MAX_SITES_A_CIRCUIT)),
  readBytes: bytes,
  writtenBytes: bytes,
  createdMs: date,
  isRetired: v.boolean(),
})

const siteView = v.object({
  site,
  circuitIds: v.pipe(v.array(count), v.maxLength(MAX_CIRCUITS)),
  seenFromCountry: maybe(country),
  streams: count,
  readBytes: bytes,
  writtenBytes: bytes,
  lastUsedMs: maybe(date),
  policy: v.object({
    isBlocked: v.boolean(),
    exitCountry: maybe(country),
    pin: maybe(v.object({ fingerprint, untilMs: date })),
  }),
  refusal: maybe(v.object({ kind: word, atMs: date })),
})

const status: v.GenericSchema<unknown, HostStatus> = v.object({
  phase: v.picklist([
    ...['starting', 'conn', 'conn-done', 'handshake', 'handshake-done', 'onehop-create'],
    ...['requesting-status', 'loading-status', 'loading-keys', 'requesting-descriptors'],
    ...['loading-descriptors', 'enough-dirinfo', 'ap-conn', 'ap-conn-done', 'ap-handshake'],
    ...['ap-handshake-done', 'circuit-create', 'done'],
  ] as const),
  progress: maybe(v.object({ done: count, total: count })),
  blockage: maybe(
    v.object({
      kind: word,
      detail,
      failures: count,
      sinceMs: date,
      cause: maybe(v.picklist(['clock-skew', 'no-network', 'blocked'])),
    }),
  ),
  isConnected: v.boolean(),
  verifiedMs: maybe(date),
  clockAheadMs: maybe(v.pipe(v.number(), v.finite())),
  network: v.picklist(['unknown', 'up', 'down', 'blocked']),
  isDormant: v.boolean(),
  readBytes: bytes,
  writtenBytes: bytes,
  proxies,
  circuits: v.object({
    circuits: v.pipe(v.array(circuit), v.maxLength(MAX_CIRCUITS)),
    ownCountry: maybe(country),
  }),
  sites: v.pipe(v.array(siteView), v.maxLength(MAX_SITES)),
  bridges: v.pipe(
    v.array(
      v.object({
        line: v.pipe(v.string(), v.regex(/^[\x20-\x7e]{1,4096}$/)),
        health: v.picklist(['unknown', 'in-use', 'works', 'failing', 'unavailable']),
        failingSinceMs: maybe(date),
        lastWorkedMs: maybe(date),
      }),
    ),
    v.maxLength(MAX_BRIDGES),
  ),
})

const outcome = v.variant('ok', [
  v.object({ ok: v.literal(true), value: v.unknown() }),
  v.object({ ok: v.literal(false), error: v.object({ kind: word, detail }) }),
])

const fromHost: v.GenericSchema<unknown, FromHost> = v.variant('kind', [
  v.object({ kind: v.literal('ready') }),
  v.object({ kind: v.literal('alive') }),
  v.object({ kind: v.literal('crash'), detail }),
  v.object({ kind: v.literal('reply'), id: count, outcome }),
  v.object({ kind: v.literal('status'), status }),
  v.object({
    kind: v.literal('log'),
    lines: v.pipe(
      v.array(
        v.object({
          atMs: date,
          level: v.picklist(['err', 'warn', 'notice', 'info', 'debug']),
          domain: word,
          text: detail,
        }),
      ),
      v.maxLength(MAX_LOG_LINES),
    ),
  }),
])

/** Whatever it was, nobody looks at it. */
const nothing = v.pipe(
  v.unknown(),
  v.transform(() => undefined),
)
const address = v.pipe(v.string(), v.ip())
const words = v.pipe(v.array(word), v.maxLength(MAX_WORD_CHARS))

/** Each method's result. */
const RESULTS: { readonly [Name in HostMethodName]: v.GenericSchema<unknown, HostResult<Name>> } = {
  start: nothing,
  stop: nothing,
  reconfigure: nothing,
  'circuit.close': nothing,
  'site.new-circuit': nothing,
  'site.set-policy': nothing,
  'site.forget': nothing,
  'exit-countries.list': v.pipe(
    v.array(
      v.object({
        country,
        exits: count,
        share: v.pipe(v.number(), v.minValue(0), v.maxValue(1)),
        entropyLostBits: v.pipe(v.number(), v.finite()),
      }),
    ),
    v.maxLength(MAX_COUNTRIES),
  ),
  'identity.new': v.object({ changed: words, kept: words }),
  'check.stream': v.object({ isTor: maybe(v.boolean()), address: maybe(address) }),
  'check.resolve': v.object({ addresses: v.pipe(v.array(address), v.maxLength(MAX_WORD_CHARS)) }),
  'help.ask': helpReplySchema,
  'lists.fetch': listReplySchema,
  'doctor.probe': probeResultSchema,
}

/** Undefined for what no host of ours says. */
export function parseFromHost(message: unknown): FromHost | undefined {
  const parsed = v.safeParse(fromHost, message, { abortEarly: true })
  return parsed.success ? parsed.output : undefined
}

/** Likewise. */
export function parseResult<Name extends HostMethodName>(
  method: Name,
  value: unknown,
): { readonly value: HostResult<Name> } | undefined {
  const parsed = v.safeParse(RESULTS[method], value, { abortEarly: true })
  return parsed.success ? { value: parsed.output } : undefined
}
