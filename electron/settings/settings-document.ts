/**
 * The settings file's text, and what becomes of a damaged one. Pure. Each value is looked at alone, so that one bad
 * value does not take the others with it; what a newer version of the app wrote is kept.
 */
import * as v from 'valibot'
import { DEFAULT_SETTINGS, type Settings, settingsSchema } from '../ipc/settings.ts'

export const SETTINGS_VERSION = 1

/** Far more than all settings can be; a file beyond it is none of ours. */
export const MAX_SETTINGS_BYTES = 1_000_000

/** A password as the file has it. */
export type SealedPassword =
  | { readonly kind: 'encrypted'; readonly value: string }
  | { readonly kind: 'plain'; readonly value: string }

export interface SettingsDocument {
  /** Of the file; a newer one's number is kept. */
  readonly version: number
  /** Without the password of the upstream proxy. */
  readonly settings: Settings
  readonly password: SealedPassword | undefined
  /** What this version does not know. */
  readonly others: Readonly<Record<string, unknown>>
}

export interface ReadSettings {
  readonly document: SettingsDocument
  /** Names of the values that were bad; the defaults hold for them. */
  readonly bad: readonly string[]
}

export const EMPTY_DOCUMENT: SettingsDocument = {
  version: SETTINGS_VERSION,
  settings: DEFAULT_SETTINGS,
  password: undefined,
  others: {},
}

const PASSWORD_KEY = 'upstreamProxyPassword'

const sealedSchema = v.strictObject({
  kind: v.picklist(['encrypted', 'plain']),
  value: v.pipe(v.string(), v.maxLength(10_000)),
})

/**
 * Whom a default in their place could show to somebody: their loss makes the app ask the question of the first run
 * again, and nothing begins by itself.
 */
const PROTECTIVE: ReadonlySet<string> = new Set([
  'entry',
  'useBridges',
  'upstreamProxy',
  'excludedCountries',
  PASSWORD_KEY,
])

/** Undefined when the text is no settings file at all. */
export function readSettings(text: string): ReadSettings | undefined {
  const raw = parseObject(text)
  if (raw === undefined || text.length > MAX_SETTINGS_BYTES) return undefined
  const bad: string[] = []
  const version = v.safeParse(v.pipe(v.number(), v.integer(), v.minValue(1)), raw['version'])
  if (!version.success) bad.push('version')
  const values = readValues(raw, bad)
  const password = readPassword(raw, bad)
  const isUnsafe = bad.some((name) => PROTECTIVE.has(name))
  const known = new Set(['version', PASSWORD_KEY, ...Object.keys(settingsSchema.entries)])
  return {
    document: {
      version: version.success ? version.output : SETTINGS_VERSION,
      settings: isUnsafe ? { ...values, entry: 'unasked', connectAtStart: false } : values,
      password,
      others: Object.fromEntries(Object.entries(raw).filter(([name]) => !known.has(name))),
    },
    bad,
  }
}

export function writeSettings({ version, settings, password, others }: SettingsDocument): string {
  const { upstreamProxy, ...rest } = settings
  const file = {
    ...others,
    version,
    ...rest,
    upstreamProxy: withoutPassword(upstreamProxy),
    ...(password === undefined ? {} : { [PASSWORD_KEY]: password }),
  }
  return `${JSON.stringify(file, undefined, 2)}\n`
}

export function withoutPassword(proxy: Settings['upstreamProxy']): Settings['upstreamProxy'] {
  if (proxy === null || proxy.kind === 'socks4') return proxy
  const { password: _, ...rest } = proxy
  return rest
}

export function passwordOf({ upstreamProxy }: Pick<Settings, 'upstreamProxy'>): string | undefined {
  return upstreamProxy === null || upstreamProxy.kind === 'socks4' ? undefined : upstreamProxy.password
}

/** What the page and the support bundle may see: everything but the password. */
export function withoutSecrets(settings: Settings): Settings {
  return { ...settings, upstreamProxy: withoutPassword(settings.upstreamProxy) }
}

function parseObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const parsed: unknown = JSON.parse(text)
    const isObject = typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)
    return isObject ? Object.fromEntries(Object.entries(parsed)) : undefined
  } catch {
    return undefined
  }
}

/** A value that is not there is not bad: the file may be of an older version. */
function readValues(raw: Readonly<Record<string, unknown>>, bad: string[]): Settings {
  const good: Record<string, unknown> = {}
  for (const [name, schema] of Object.entries(settingsSchema.entries)) {
    if (!Object.hasOwn(raw, name)) continue
    const result = v.safeParse(schema, raw[name])
    if (result.success) good[name] = result.output
    else bad.push(name)
  }
  return v.parse(settingsSchema, { ...DEFAULT_SETTINGS, ...good })
}

function readPassword(raw: Readonly<Record<string, unknown>>, bad: string[]): SealedPassword | undefined {
  const value = raw[PASSWORD_KEY]
  if (value === undefined) return undefined
  const result = v.safeParse(sealedSchema, value)
  if (!result.success) bad.push(PASSWORD_KEY)
  return result.success ? result.output : undefined
}
