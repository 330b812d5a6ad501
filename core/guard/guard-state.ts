/**
 * The guard choice as it is kept on disk. Twice: a lost choice is a forced change of guards, and whoever can damage one
 * file or put an old one back must not be able to force it.
 */
import { parseEd25519Identity, parseRsaIdentity } from '../linkspec/relay-ids.ts'
import { JsonFields } from '../persist/json-fields.ts'
import type { DocumentSchema } from '../persist/versioned-document.ts'
import { malformed } from '../util/errors.ts'
import type { SampleName } from './guard-filter.ts'
import { MAX_STORED_GUARDS } from './guard-limits.ts'
import type { Confirmation, SampledGuard } from './guard-sample.ts'

export interface GuardState {
  /** Rises with every change that is saved: tells the newer of two copies. */
  readonly serial: number
  /** Each in the order in which it was drawn. */
  readonly samples: Readonly<Record<SampleName, readonly SampledGuard[]>>
  /** Samples of other names, perhaps of a newer version: kept as they are. */
  readonly otherSamples: Readonly<Record<string, unknown>>
}

export const EMPTY_GUARD_STATE: GuardState = {
  serial: 0,
  samples: { default: [], restricted: [], bridges: [] },
  otherSamples: {},
}

const GUARD_STATE = {
  version: 2,
  parse: parseGuardState,
  serialize: (state: GuardState): object => ({
    serial: state.serial,
    samples: {
      ...state.otherSamples,
      default: state.samples.default.map(serializeGuard),
      restricted: state.samples.restricted.map(serializeGuard),
      bridges: state.samples.bridges.map(serializeGuard),
    },
  }),
}

export const GUARD_STATE_SCHEMA: DocumentSchema<GuardState> = {
  ...GUARD_STATE,
  name: 'guards.json',
  title: 'the choice of guards',
}

export const GUARD_STATE_COPY_SCHEMA: DocumentSchema<GuardState> = {
  ...GUARD_STATE,
  name: 'guards-copy.json',
  title: 'the copy of the choice of guards',
}

const SAMPLE_NAMES = new Set(['default', 'restricted', 'bridges'])
const GUARD_FIELDS = new Set(['rsa', 'ed25519', 'added-at-ms', 'unlisted-since-ms', 'confirmed'])

function serializeGuard(guard: SampledGuard): object {
  const { confirmed } = guard
  return {
    ...guard.otherFields,
    rsa: guard.rsa,
    ed25519: guard.ed25519 ?? null,
    'added-at-ms': guard.addedAtMs,
    'unlisted-since-ms': guard.unlistedSinceMs ?? null,
    confirmed: confirmed === undefined ? null : { place: confirmed.place, 'at-ms': confirmed.atMs },
  }
}

function parseGuardState(content: unknown, version: number): GuardState {
  const fields = new JsonFields('guard state', content)
  // Version 1 was one list in the order of preference, without confirmation: the same guards stay the first.
  if (version === 1) {
    const samples = { ...EMPTY_GUARD_STATE.samples, default: parseSample(fields, 'sample') }
    return { ...EMPTY_GUARD_STATE, samples }
  }
  const named = new JsonFields('guard samples', fields.value('samples'))
  return {
    serial: fields.integer('serial', 0, Number.MAX_SAFE_INTEGER),
    samples: {
      default: parseSample(named, 'default'),
      restricted: parseSample(named, 'restricted'),
      // Not in files of before there were bridges.
      bridges: named.value('bridges') === undefined ? [] : parseSample(named, 'bridges'),
    },
    otherSamples: named.others(SAMPLE_NAMES),
  }
}

function parseSample(fields: JsonFields, key: string): SampledGuard[] {
  const sample = fields.list(key, MAX_STORED_GUARDS, parseGuard)
  const places = sample.flatMap(({ confirmed }) => confirmed?.place ?? [])
  if (new Set(sample.map((guard) => guard.rsa)).size !== sample.length) malformed(key, 'every guard once')
  if (new Set(places).size !== places.length) malformed(key, 'every place of a confirmed guard once')
  return withSmallPlaces(sample, places)
}

/** The same order in numbers from 0 on: whatever a file says, there is always a next one. */
function withSmallPlaces(sample: readonly SampledGuard[], places: readonly number[]): SampledGuard[] {
  const ranks = new Map([...places].sort((a, b) => a - b).map((place, rank) => [place, rank]))
  return sample.map((guard) => {
    const { confirmed } = guard
    if (confirmed === undefined) return guard
    return { ...guard, confirmed: { ...confirmed, place: ranks.get(confirmed.place) ?? 0 } }
  })
}

function parseGuard(item: unknown): SampledGuard {
  const fields = new JsonFields('sampled guard', item)
  return {
    rsa: parseRsaIdentity(fields.string('rsa', 40)),
    ed25519:
      fields.value('ed25519') === null ? undefined : parseEd25519Identity(fields.string('ed25519', 43)),
    addedAtMs: parseDate(fields, 'added-at-ms'),
    confirmed: parseConfirmation(fields.value('confirmed')),
    unlistedSinceMs:
      fields.value('unlisted-since-ms') === null ? undefined : parseDate(fields, 'unlisted-since-ms'),
    otherFields: fields.others(GUARD_FIELDS),
  }
}

function parseConfirmation(value: unknown): Confirmation | undefined {
  if (value === null || value === undefined) return undefined
  const fields = new JsonFields('confirmed guard', value)
  return { place: fields.integer('place', 0, Number.MAX_SAFE_INTEGER), atMs: parseDate(fields, 'at-ms') }
}

function parseDate(fields: JsonFields, key: string): number {
  return fields.integer(key, 0, Number.MAX_SAFE_INTEGER)
}
