/** The guard choice as it is kept on disk. */
import { parseEd25519Identity, parseRsaIdentity } from '../linkspec/relay-ids.ts'
import { JsonFields } from '../persist/json-fields.ts'
import type { DocumentSchema } from '../persist/versioned-document.ts'
import { malformed } from '../util/errors.ts'
import { MAX_STORED_GUARDS, type SampledGuard } from './guard-sample.ts'

/** In order of preference. */
export interface GuardState {
  readonly sample: readonly SampledGuard[]
}

export const GUARD_STATE_SCHEMA: DocumentSchema<GuardState> = {
  name: 'guards.json',
  title: 'the choice of guards',
  version: 1,
  parse: parseGuardState,
  serialize: (state) => ({
    sample: state.sample.map((guard) => ({
      rsa: guard.rsa,
      ed25519: guard.ed25519 ?? null,
      'added-at-ms': guard.addedAtMs,
      'unlisted-since-ms': guard.unlistedSinceMs ?? null,
    })),
  }),
}

function parseGuardState(content: unknown): GuardState {
  const sample = new JsonFields('guard state', content).list('sample', MAX_STORED_GUARDS, parseGuard)
  if (new Set(sample.map((guard) => guard.rsa)).size !== sample.length) {
    malformed('guard state', 'every guard once')
  }
  return { sample }
}

function parseGuard(item: unknown): SampledGuard {
  const fields = new JsonFields('sampled guard', item)
  return {
    rsa: parseRsaIdentity(fields.string('rsa', 40)),
    ed25519:
      fields.value('ed25519') === null ? undefined : parseEd25519Identity(fields.string('ed25519', 43)),
    addedAtMs: parseDate(fields, 'added-at-ms'),
    unlistedSinceMs:
      fields.value('unlisted-since-ms') === null ? undefined : parseDate(fields, 'unlisted-since-ms'),
  }
}

function parseDate(fields: JsonFields, key: string): number {
  return fields.integer(key, 0, Number.MAX_SAFE_INTEGER)
}
