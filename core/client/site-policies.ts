/**
 * What a person decided for single sites: never to be visited, to be reached from one country, to keep one exit for a
 * while. Kept over restarts; obeyed strictly, or the request is refused in words.
 */
import { join } from 'node:path'
import { parseRsaIdentity, type RsaIdentity } from '../linkspec/relay-ids.ts'
import { systemRandom } from '../crypto/system-random.ts'
import { openFileStateStore, readDocumentFile } from '../persist/file-state-store.ts'
import { JsonFields } from '../persist/json-fields.ts'
import type { StateStore } from '../persist/state-store.ts'
import { type DocumentSchema, parseDocument, saveDocument } from '../persist/versioned-document.ts'
import type { Clock } from '../util/clock.ts'
import { silentLogger } from '../util/log.ts'
import { malformed, TorError, toTorError } from '../util/errors.ts'
import { type Watchable, WatchedValue } from '../util/watched-value.ts'
import { siteOf } from './site.ts'
import { parseStreamHost } from './stream-target.ts'

/** More than a person ever sets by hand; a program must not be able to fill the disk. */
const MAX_POLICIES = 1_000

/** A pinned exit sees all that is done at the site: not for ever. */
const MAX_PIN_MS = 90 * 24 * 3_600_000

const COUNTRY = /^[a-z]{2}$/

export interface ExitPin {
  readonly exit: RsaIdentity
  /** Wall clock, milliseconds since 1970; after that the exit is chosen as for other sites. */
  readonly untilMs: number
}

/** One site's. All three may be undefined or false only in what is given to `set`, which then forgets the site. */
export interface SitePolicy {
  readonly isBlocked: boolean
  /** Two lower-case letters. */
  readonly exitCountry: string | undefined
  readonly pin: ExitPin | undefined
}

export interface SitePolicyEntry extends SitePolicy {
  readonly site: string
}

/** As a program says it: what is left out is not decided for the site. */
export interface SitePolicyChoice {
  readonly isBlocked?: boolean
  /** Two letters, such as `de`. */
  readonly exitCountry?: string
  /** A fingerprint of forty hex digits, with or without `$`; and until when, in milliseconds since 1970. */
  readonly pin?: { readonly exit: string; readonly untilMs: number }
}

const NO_POLICY: SitePolicy = { isBlocked: false, exitCountry: undefined, pin: undefined }

export interface SitePoliciesParts {
  readonly store: StateStore
  readonly clock: Clock
}

/**
 * Throws `damaged-rules` when there is a file that cannot be understood, and leaves it where it is: without it a site that
 * is blocked would be open, at the next start no less. Throws `state` when it cannot be read.
 */
export async function loadSitePolicies(
  parts: SitePoliciesParts,
  dataDirectory: string | undefined,
): Promise<SitePolicies> {
  const bytes = await parts.store.read(SITES_SCHEMA.name)
  if (bytes === undefined) return new SitePolicies(parts, [])
  try {
    return new SitePolicies(parts, parseDocument(SITES_SCHEMA, bytes))
  } catch (error) {
    throw damagedRules(toTorError(error), dataDirectory)
  }
}

function damagedRules(cause: TorError, dataDirectory: string | undefined): TorError {
  const path = dataDirectory === undefined ? SITES_SCHEMA.name : join(dataDirectory, SITES_SCHEMA.name)
  const text =
    `The file "${path}" with ${SITES_SCHEMA.title} is damaged, or a newer version of this program wrote it ` +
    `(${cause.message}). Without it a blocked site would be open, so nothing is started. ` +
    'Put an older copy of it back, or delete it to begin without such decisions.'
  return new TorError('damaged-rules', text, { cause })
}

/**
 * What a client that runs on this directory would begin with, for those who show it while none runs. Changes nothing:
 * a client does not start on a file that is damaged. Throws `malformed` or `state`.
 */
export async function readSitePolicies(dataDirectory: string): Promise<readonly SitePolicyEntry[]> {
  const bytes = await readDocumentFile(dataDirectory, SITES_SCHEMA.name)
  return bytes === undefined ? [] : parseDocument(SITES_SCHEMA, bytes)
}

/**
 * At the person's own word, who loses every decision by it: renames a file that stops the start, and nothing else. Gives
 * the name that it is kept under; undefined where there is no such file. Throws `state`, also while a client runs on it.
 */
export async function setAsideDamagedRules(dataDirectory: string): Promise<string | undefined> {
  const store = await openFileStateStore(dataDirectory, { random: systemRandom, log: silentLogger })
  try {
    const bytes = await store.read(SITES_SCHEMA.name)
    return bytes === undefined || isUnderstood(bytes) ? undefined : await store.keepBackup(SITES_SCHEMA.name)
  } finally {
    await store.close()
  }
}

function isUnderstood(bytes: Uint8Array): boolean {
  try {
    parseDocument(SITES_SCHEMA, bytes)
    return true
  } catch {
    return false
  }
}

export class SitePolicies {
  readonly #parts: SitePoliciesParts
  /** By site. A Map: sites are words from outside. */
  readonly #policies = new Map<string, SitePolicyEntry>()
  readonly #entries: WatchedValue<readonly SitePolicyEntry[]>

  constructor(parts: SitePoliciesParts, entries: readonly SitePolicyEntry[]) {
    this.#parts = parts
    for (const entry of entries) this.#policies.set(entry.site, entry)
    this.#entries = new WatchedValue(entries)
  }

  /** As they are kept; a pin that has expired is still among them until the site's policy is asked for or set. */
  get entries(): Watchable<readonly SitePolicyEntry[]> {
    return this.#entries
  }

  /** What holds for the site now. */
  policyFor(site: string): SitePolicy {
    const policy = this.#policies.get(site)
    if (policy === undefined) return NO_POLICY
    const { pin } = policy
    return pin !== undefined && pin.untilMs <= this.#parts.clock.wallMs()
      ? { ...policy, pin: undefined }
      : policy
  }

  /**
   * Replaces what is decided for the site; an empty choice forgets the site. Resolves when it is on disk. Rejects with
   * `bad-target` for what is no site, `bad-config` for a choice that makes no sense, `state` when it cannot be saved:
   * it holds then until the end of the process.
   */
  async set(site: string, choice: SitePolicyChoice): Promise<void> {
    const entry = { site: checkSite(site), ...this.#checkChoice(choice) }
    const isEmpty = !entry.isBlocked && entry.exitCountry === undefined && entry.pin === undefined
    if (isEmpty) this.#policies.delete(entry.site)
    else if (this.#policies.size >= MAX_POLICIES && !this.#policies.has(entry.site)) {
      throw new TorError('limit', `there are policies for ${MAX_POLICIES} sites already`)
    } else this.#policies.set(entry.site, entry)
    const nowMs = this.#parts.clock.wallMs()
    const entries = [...this.#policies.values()].map((each) => withoutExpiredPin(each, nowMs))
    this.#entries.set(entries)
    await saveDocument(this.#parts.store, SITES_SCHEMA, entries)
  }

  #checkChoice({ isBlocked = false, exitCountry, pin }: SitePolicyChoice): SitePolicy {
    if (isBlocked && (exitCountry !== undefined || pin !== undefined)) {
      throw new TorError('bad-config', 'a blocked site has no exit: block it, or choose its exit')
    }
    const country = exitCountry?.toLowerCase()
    if (country !== undefined && !COUNTRY.test(country)) {
      throw new TorError('bad-config', 'a country is written with two letters, such as "de"')
    }
    if (country === 'uk') throw new TorError('bad-config', 'the country code of the United Kingdom is "gb"')
    if (country !== undefined && pin !== undefined) {
      throw new TorError(
        'bad-config',
        'a pinned exit is in the country that it is in: choose a country or an exit',
      )
    }
    return { isBlocked, exitCountry: country, pin: pin === undefined ? undefined : this.#checkPin(pin) }
  }

  #checkPin({ exit, untilMs }: { exit: string; untilMs: number }): ExitPin {
    const nowMs = this.#parts.clock.wallMs()
    if (!Number.isSafeInteger(untilMs) || untilMs <= nowMs || untilMs > nowMs + MAX_PIN_MS) {
      throw new TorError('bad-config', 'an exit can be pinned until some time in the next 90 days')
    }
    try {
      return { exit: parseRsaIdentity(exit.replace(/^\$/, '').toUpperCase()), untilMs }
    } catch (error) {
      throw new TorError('bad-config', 'an exit is pinned by its fingerprint of forty hex digits', {
        cause: error,
      })
    }
  }
}

/** The site as it is asked for by streams; throws when the text is a host within a site, and says which one. */
function checkSite(text: string): string {
  const { host } = parseStreamHost(text)
  const site = siteOf(host)
  if (site === host) return site
  throw new TorError('bad-target', `this host belongs to the site ${site}: decide for the whole site`)
}

function withoutExpiredPin(entry: SitePolicyEntry, nowMs: number): SitePolicyEntry {
  return entry.pin !== undefined && entry.pin.untilMs <= nowMs ? { ...entry, pin: undefined } : entry
}

const SITES_SCHEMA: DocumentSchema<readonly SitePolicyEntry[]> = {
  name: 'sites.json',
  title: 'what was decided for single sites',
  version: 1,
  parse: parseSites,
  serialize: (entries) => ({
    sites: entries.map(({ site, isBlocked, exitCountry, pin }) => ({
      site,
      blocked: isBlocked ? 1 : 0,
      country: exitCountry ?? '',
      ...(pin === undefined ? {} : { exit: pin.exit, 'until-ms': pin.untilMs }),
    })),
  }),
}

function parseSites(content: unknown): SitePolicyEntry[] {
  const entries = new JsonFields('site policies', content).list('sites', MAX_POLICIES, parseSite)
  if (new Set(entries.map(({ site }) => site)).size !== entries.length)
    malformed('site policies', 'every site once')
  return entries
}

function parseSite(item: unknown): SitePolicyEntry {
  const fields = new JsonFields('a site', item)
  const country = fields.string('country', 2)
  if (country !== '' && !COUNTRY.test(country)) malformed('a site', 'a country of two letters')
  return {
    site: fields.string('site', 253),
    isBlocked: fields.integer('blocked', 0, 1) === 1,
    exitCountry: country === '' ? undefined : country,
    pin: fields.has('exit')
      ? {
          exit: parseRsaIdentity(fields.string('exit', 40)),
          untilMs: fields.integer('until-ms', 0, Number.MAX_SAFE_INTEGER),
        }
      : undefined,
  }
}
