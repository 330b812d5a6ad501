/** The lists that everybody has, as main has the core fetch them through Tor; held to their form at both doors. */
import * as v from 'valibot'
import type { MoatRefusal, MoatService } from '../../core/index.ts'
import {
  lineSchema,
  moatServiceSchema,
  refusalSchema,
  sourceSchema,
  transportSchema,
} from './help-protocol.ts'

export interface ListCall {
  readonly endpoint: 'builtin' | 'map'
  readonly service: MoatService
}

export interface FetchedBridges {
  readonly kind: 'bridges'
  readonly lines: readonly string[]
}

export interface FetchedCountries {
  readonly kind: 'countries'
  readonly countries: readonly {
    readonly country: string
    /** The most useful first. */
    readonly settings: readonly { readonly transport: string; readonly source: 'builtin' | 'bridgedb' }[]
  }[]
}

export type ListReply = FetchedBridges | FetchedCountries | MoatRefusal

/** As many as the core lets in. */
const MAX_LINES = 1_000
const MAX_COUNTRIES = 300
const MAX_SETTINGS = 20

export const listCallSchema: v.GenericSchema<unknown, ListCall> = v.strictObject({
  endpoint: v.picklist(['builtin', 'map']),
  service: moatServiceSchema,
})

const setting = v.object({ transport: transportSchema, source: sourceSchema })

export const listReplySchema: v.GenericSchema<unknown, ListReply> = v.variant('kind', [
  v.object({ kind: v.literal('bridges'), lines: v.pipe(v.array(lineSchema), v.maxLength(MAX_LINES)) }),
  v.object({
    kind: v.literal('countries'),
    countries: v.pipe(
      v.array(
        v.object({
          country: v.pipe(v.string(), v.regex(/^[a-z]{2}$/)),
          settings: v.pipe(v.array(setting), v.maxLength(MAX_SETTINGS)),
        }),
      ),
      v.maxLength(MAX_COUNTRIES),
    ),
  }),
  refusalSchema,
])
