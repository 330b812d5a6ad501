/**
 * What main may say to the host, held against schemas at the door: main is ours, but a mistake of it must become an
 * error with a name here, and not a torrc option, a port or a file that nobody chose.
 */
import * as v from 'valibot'
import { upstreamProxySchema } from '../ipc/settings.ts'
import { helpCallSchema } from './help-protocol.ts'
import { listCallSchema } from './lists-protocol.ts'
import { probeSchema } from './probes/probe.ts'
import type { HostArgument, HostMethodName } from './protocol.ts'

/** Lines end at their end: nothing in one may begin another. */
const ONE_LINE = /^[^\p{Cc}\p{Zl}\p{Zp}]*$/u
const MAX_LINE_CHARS = 4_096
/** As many as the contract lets in. */
const MAX_BRIDGES = 1_000
const MAX_NETWORK_LINES = 1_000

const line = v.pipe(v.string(), v.maxLength(MAX_LINE_CHARS), v.regex(ONE_LINE))
const listenPort = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(65_535))
const remotePort = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(65_535))
const country = v.pipe(v.string(), v.regex(/^[a-z]{2}$/))
const site = v.pipe(v.string(), v.minLength(1), v.maxLength(255))
const nothing = v.undefined()

const hostConfig = v.strictObject({
  dataDirectory: v.pipe(v.string(), v.minLength(1)),
  socksPort: listenPort,
  httpPort: listenPort,
  upstreamProxy: v.nullable(upstreamProxySchema),
  allowedPorts: v.nullable(v.array(remotePort)),
  excludedCountries: v.array(country),
  bridgeLines: v.union([v.pipe(v.array(line), v.maxLength(MAX_BRIDGES)), v.undefined()]),
  networkLines: v.pipe(v.array(line), v.maxLength(MAX_NETWORK_LINES)),
})

/** Each method's argument. */
export const METHOD_SCHEMAS: {
  readonly [Name in HostMethodName]: v.GenericSchema<unknown, HostArgument<Name>>
} = {
  start: hostConfig,
  stop: nothing,
  reconfigure: hostConfig,
  'circuit.close': v.pipe(v.number(), v.integer(), v.minValue(0)),
  'site.new-circuit': site,
  'site.set-policy': v.strictObject({
    site,
    isBlocked: v.boolean(),
    exitCountry: v.nullable(country),
    pinForMs: v.nullable(v.pipe(v.number(), v.integer(), v.minValue(0))),
  }),
  'site.forget': site,
  'exit-countries.list': nothing,
  'identity.new': nothing,
  'check.stream': v.pipe(v.string(), v.maxLength(MAX_LINE_CHARS), v.url()),
  'check.resolve': site,
  'help.ask': helpCallSchema,
  'lists.fetch': listCallSchema,
  'doctor.probe': probeSchema,
}

const callSchema = v.object({
  kind: v.literal('call'),
  id: v.pipe(v.number(), v.integer()),
  method: v.string(),
  argument: v.unknown(),
})

/** Undefined for what is no call at all: it cannot even be answered. */
export function parseCall(message: unknown): v.InferOutput<typeof callSchema> | undefined {
  const parsed = v.safeParse(callSchema, message)
  return parsed.success ? parsed.output : undefined
}

export function isMethodName(name: string): name is HostMethodName {
  return Object.hasOwn(METHOD_SCHEMAS, name)
}
