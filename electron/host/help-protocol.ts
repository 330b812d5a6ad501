/** What main has a core host ask the bridge service, and what comes back, each held to its form at its door. */
import * as v from 'valibot'
import { MOAT_FRONTS, type MoatRefusal, type MoatService, type MoatSettings } from '../../core/index.ts'
import { type UpstreamProxySetting, upstreamProxySchema } from '../ipc/settings.ts'
import type { HelpPath } from '../ipc/snapshot-ways.ts'

export interface HelpArgument {
  readonly path: HelpPath
  readonly endpoint: 'settings' | 'defaults'
  readonly country: string | undefined
  /** As the service calls them. */
  readonly transports: readonly string[]
}

/** With what the host does not know where no core runs in it. */
export interface HelpCall extends HelpArgument {
  readonly upstreamProxy: UpstreamProxySetting | null
  /** Tor's, or that of a network of one's own. */
  readonly service: MoatService
}

export type HelpReply = MoatSettings | MoatRefusal

const MAX_FRONT_LINES = 20
const MAX_LINE_CHARS = 4_096
const MAX_CA_CHARS = 20_000

const country = v.pipe(v.string(), v.regex(/^[a-z]{2}$/))
export const transportSchema = v.pipe(v.string(), v.regex(/^[a-z][a-z0-9_-]{0,29}$/))
export const lineSchema = v.pipe(
  v.string(),
  v.minLength(1),
  v.maxLength(MAX_LINE_CHARS),
  v.regex(/^[\x20-\x7e]*$/),
)
const frontLines = v.pipe(v.array(lineSchema), v.maxLength(MAX_FRONT_LINES))

export const moatServiceSchema: v.GenericSchema<unknown, MoatService> = v.strictObject({
  host: v.pipe(v.string(), v.regex(/^[a-z0-9.-]{1,255}$/)),
  port: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(65_535)),
  basePath: v.pipe(v.string(), v.regex(/^\/[\w./-]{0,200}$/)),
  fronts: v.strictObject({ front: frontLines, 'older-front': frontLines, 'other-front': frontLines }),
  ca: v.union([v.pipe(v.string(), v.maxLength(MAX_CA_CHARS)), v.undefined()]),
})

export const helpCallSchema: v.GenericSchema<unknown, HelpCall> = v.strictObject({
  path: v.picklist(['tor', ...MOAT_FRONTS] as const),
  endpoint: v.picklist(['settings', 'defaults']),
  country: v.union([country, v.undefined()]),
  transports: v.pipe(v.array(transportSchema), v.maxLength(50)),
  upstreamProxy: v.nullable(upstreamProxySchema),
  service: moatServiceSchema,
})

/** As many as the core lets in. */
const MAX_SETTINGS = 20
const MAX_LINES = 50

export const sourceSchema = v.picklist(['builtin', 'bridgedb'])

export const refusalSchema = v.object({
  kind: v.literal('refusal'),
  code: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(999)),
  detail: v.pipe(v.string(), v.maxLength(1_000), v.regex(/^[\x20-\x7e]*$/)),
})

export const helpReplySchema: v.GenericSchema<unknown, HelpReply> = v.variant('kind', [
  v.object({
    kind: v.literal('settings'),
    country: v.undefinedable(country),
    settings: v.pipe(
      v.array(
        v.object({
          transport: transportSchema,
          source: sourceSchema,
          lines: v.pipe(v.array(lineSchema), v.maxLength(MAX_LINES)),
        }),
      ),
      v.maxLength(MAX_SETTINGS),
    ),
  }),
  refusalSchema,
])
