/**
 * What the person can choose, as one validated value; the file on disk and the renderer's changes both pass through
 * these schemas.
 */
import * as v from 'valibot'

const port = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(65_535))
const country = v.pipe(v.string(), v.regex(/^[a-z]{2}$/))

export const upstreamProxySchema = v.variant('kind', [
  v.strictObject({
    kind: v.literal('socks4'),
    host: v.pipe(v.string(), v.minLength(1), v.maxLength(255)),
    port,
  }),
  v.strictObject({
    kind: v.picklist(['socks5', 'http']),
    host: v.pipe(v.string(), v.minLength(1), v.maxLength(255)),
    port,
    username: v.optional(v.pipe(v.string(), v.maxLength(255))),
    password: v.optional(v.pipe(v.string(), v.maxLength(255))),
  }),
])
export type UpstreamProxySetting = v.InferOutput<typeof upstreamProxySchema>

export const settingsSchema = v.object({
  /**
   * The one question of the first run: `unasked` until it was answered; `hide` means bridges only, and no probe in the
   * clear.
   */
  entry: v.picklist(['unasked', 'direct', 'hide']),
  /** Whether bridges are used; always true with `hide`. */
  useBridges: v.boolean(),
  /** Whether other ways are tried when the one of these settings does not lead there. */
  findsOwnWay: v.boolean(),
  /** Whether the lists that everybody has are fetched through Tor now and then. */
  refreshesLists: v.boolean(),
  /** Where the person says they are: it orders the ways. Null: guessed from the time zone, and nobody is asked. */
  country: v.nullable(country),
  /** Off by default; can be turned on only after a first success. */
  connectAtStart: v.boolean(),
  startAtLogin: v.boolean(),
  /** Apply the system proxy whenever we connect. */
  systemProxy: v.boolean(),
  /** Which addresses the system proxy leaves alone. */
  proxyExceptions: v.strictObject({ loopback: v.boolean(), lan: v.boolean() }),
  /** 0 takes a free port at each start. */
  socksPort: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(65_535)),
  httpPort: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(65_535)),
  upstreamProxy: v.nullable(upstreamProxySchema),
  /** The ports that a firewall lets us reach; null is all of them. */
  allowedPorts: v.nullable(v.pipe(v.array(port), v.minLength(1), v.maxLength(100))),
  /** Relays in these countries are never used; two lower-case letters. */
  excludedCountries: v.pipe(v.array(country), v.maxLength(250)),
  theme: v.picklist(['system', 'light', 'dark']),
  /** A locale that the app has words for, or `system`. */
  language: v.pipe(v.string(), v.maxLength(35)),
  notifications: v.boolean(),
  /** Closing the window leaves the app in the tray, where there is one. */
  closeToTray: v.boolean(),
  /** An https address that answers `{"IsTor": boolean, "IP": string}`. */
  checkUrl: v.pipe(v.string(), v.url(), v.maxLength(500)),
})
export type Settings = v.InferOutput<typeof settingsSchema>

/** What one command may change; what is left out stays. */
export const settingsChangeSchema = v.partial(v.strictObject(settingsSchema.entries))
export type SettingsChange = v.InferOutput<typeof settingsChangeSchema>

export const DEFAULT_SETTINGS: Settings = {
  entry: 'unasked',
  useBridges: false,
  findsOwnWay: true,
  refreshesLists: true,
  country: null,
  connectAtStart: false,
  startAtLogin: false,
  systemProxy: false,
  proxyExceptions: { loopback: true, lan: false },
  // Tor Browser has 9150 and C tor 9050: these collide with neither.
  socksPort: 9250,
  httpPort: 9251,
  upstreamProxy: null,
  allowedPorts: null,
  excludedCountries: [],
  theme: 'system',
  language: 'system',
  notifications: true,
  closeToTray: false,
  checkUrl: 'https://check.torproject.org/api/ip',
}
