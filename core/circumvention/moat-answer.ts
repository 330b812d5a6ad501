/**
 * The bridge service's answers (rdsys, doc/moat.md) as complete values. What comes out of the tunnel is checked like any
 * other foreign text: everything has its bound, and what does not have its form is `malformed`, whole and by name.
 */
import { parseBridgeLine } from '../linkspec/bridge-line.ts'
import { JsonFields } from '../persist/json-fields.ts'
import { malformed, TorError } from '../util/errors.ts'

/** A page of bridge lines for each setting; honest answers have some ten thousand bytes. */
export const MAX_ANSWER_BYTES = 262_144
const MAX_SETTINGS = 20
const MAX_LINES = 50
const MAX_LINE_CHARS = 4_096
const MAX_COUNTRIES = 300
const MAX_TRANSPORTS = 20
const MAX_ERRORS = 10
const MAX_DETAIL_CHARS = 500

const COUNTRY = /^[a-z]{2}$/
const TRANSPORT = /^[a-z][a-z0-9_-]{0,29}$/

export interface MoatSetting {
  /** As bridge lines name it, but `vanilla` for none and `meek` for `meek_lite`. */
  readonly transport: string
  /** `builtin`: the client's own; `bridgedb`: for this client alone. */
  readonly source: 'builtin' | 'bridgedb'
  /** Each of them can be parsed. */
  readonly lines: readonly string[]
}

export interface MoatSettings {
  readonly kind: 'settings'
  /** Undefined where the service does not say. */
  readonly country: string | undefined
  /** The most useful first; empty where none is needed. */
  readonly settings: readonly MoatSetting[]
}

/** It was reached, and has nothing. */
export interface MoatRefusal {
  readonly kind: 'refusal'
  /** 400, 404 or 406, or what it says. */
  readonly code: number
  /** For the log. */
  readonly detail: string
}

/** Throws `malformed`. */
export function parseMoatSettings(bytes: Buffer): MoatSettings | MoatRefusal {
  const fields = new JsonFields('the bridge service', parseJson(bytes))
  if (fields.has('errors')) return parseRefusal(fields)
  const settings =
    fields.value('settings') === null ? [] : fields.list('settings', MAX_SETTINGS, parseSetting)
  return { kind: 'settings', country: optionalCountry(fields), settings }
}

/** By transport. Throws `malformed`. */
export function parseMoatBuiltIn(bytes: Buffer): ReadonlyMap<string, readonly string[]> | MoatRefusal {
  const fields = new JsonFields('the list of built-in bridges', parseJson(bytes))
  if (fields.has('errors')) return parseRefusal(fields)
  const names = Object.keys(fields.others(new Set()))
  if (names.length > MAX_TRANSPORTS) malformed('the list of built-in bridges', 'fewer transports')
  return new Map(
    names.map((name) => [checked(name, TRANSPORT, 'a transport'), fields.list(name, MAX_LINES, parseLine)]),
  )
}

/** By country; its settings have no lines. Throws `malformed`. */
export function parseMoatMap(bytes: Buffer): ReadonlyMap<string, readonly MoatSetting[]> | MoatRefusal {
  const fields = new JsonFields('the map of countries', parseJson(bytes))
  if (fields.has('errors')) return parseRefusal(fields)
  const countries = Object.keys(fields.others(new Set()))
  if (countries.length > MAX_COUNTRIES) malformed('the map of countries', 'fewer countries')
  return new Map(
    countries.map((country) => {
      const entry = new JsonFields('a country of the map', fields.value(country))
      return [checked(country, COUNTRY, 'a country'), entry.list('settings', MAX_SETTINGS, parseMapped)]
    }),
  )
}

function parseJson(bytes: Buffer): unknown {
  if (bytes.length > MAX_ANSWER_BYTES) {
    throw new TorError('limit', `the bridge service answered with more than ${MAX_ANSWER_BYTES} bytes`)
  }
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch {
    return malformed('the bridge service', 'JSON')
  }
}

function parseRefusal(fields: JsonFields): MoatRefusal {
  const [first] = fields.list('errors', MAX_ERRORS, (item): MoatRefusal => {
    const error = new JsonFields('an error of the bridge service', item)
    const detail = error.has('detail') ? error.string('detail', MAX_DETAIL_CHARS) : ''
    return { kind: 'refusal', code: error.integer('code', 0, 999), detail: printable(detail) }
  })
  return first ?? malformed('the bridge service', 'at least one error')
}

function parseSetting(item: unknown): MoatSetting {
  const bridges = bridgesOf(item)
  const source = parseSource(bridges)
  const lines = bridges.has('bridge_strings') ? bridges.list('bridge_strings', MAX_LINES, parseLine) : []
  // Bridges for this client alone, and none there: as good as no answer.
  if (source === 'bridgedb' && lines.length === 0)
    malformed('a setting of the bridge service', 'bridge lines')
  return { transport: parseTransport(bridges), source, lines }
}

function parseMapped(item: unknown): MoatSetting {
  const bridges = bridgesOf(item)
  return { transport: parseTransport(bridges), source: parseSource(bridges), lines: [] }
}

function bridgesOf(item: unknown): JsonFields {
  const setting = new JsonFields('a setting of the bridge service', item)
  return new JsonFields('the bridges of a setting', setting.value('bridges'))
}

function parseTransport(bridges: JsonFields): string {
  return checked(bridges.string('type', 30), TRANSPORT, 'a transport')
}

function parseSource(bridges: JsonFields): MoatSetting['source'] {
  const source = bridges.string('source', 30)
  if (source === 'builtin' || source === 'bridgedb') return source
  return malformed('a setting of the bridge service', 'the source builtin or bridgedb')
}

/** Its words are not repeated: a bridge line is a secret. */
function parseLine(item: unknown): string {
  if (typeof item !== 'string' || item.length > MAX_LINE_CHARS) malformed('a bridge of the service', 'a line')
  try {
    parseBridgeLine(item)
  } catch {
    return malformed('a bridge of the service', 'a bridge line')
  }
  return item
}

function optionalCountry(fields: JsonFields): string | undefined {
  const value = fields.value('country')
  if (value === undefined || value === null || value === '') return undefined
  return checked(fields.string('country', 10), COUNTRY, 'a country')
}

function checked(text: string, form: RegExp, what: string): string {
  return form.test(text) ? text : malformed('the bridge service', what)
}

function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, ' ')
}
