/** What lies on the disk, where other programs and other versions of this one can write, and answers in JSON. */
import { BUILD_TIMES_SCHEMA } from '../../../core/circuit-manager/build-times.ts'
import { loadSitePolicies } from '../../../core/client/site-policies.ts'
import { parseMoatBuiltIn, parseMoatMap, parseMoatSettings } from '../../../core/circumvention/moat-answer.ts'
import { GUARD_STATE_COPY_SCHEMA, GUARD_STATE_SCHEMA } from '../../../core/guard/guard-state.ts'
import { parseBridgeLine } from '../../../core/linkspec/bridge-line.ts'
import { MemoryStateStore } from '../../../core/persist/memory-state-store.ts'
import { type DocumentSchema, parseDocument } from '../../../core/persist/versioned-document.ts'
import { checkDocumentName, checkDocumentSize } from '../../../core/persist/state-store.ts'
import { manualClock } from '../../support/manual-clock.ts'
import moat from '../../vectors/moat_settings.json' with { type: 'json' }
import { mustSurvive } from '../engine/oracles.ts'
import { type FuzzTarget, mustHold } from '../engine/target.ts'

const RSA = '0123456789ABCDEF0123456789ABCDEF01234567'
const JSON_WORDS = [
  '"__proto__":',
  '"constructor":',
  'null',
  '1e999',
  '-0',
  '[]',
  '{}',
  '""',
  '\\u0000',
  '9007199254740993',
]

const guard = {
  rsa: RSA,
  ed25519: null,
  'added-at-ms': 1_790_000_000_000,
  'unlisted-since-ms': null,
  confirmed: { place: 0, 'at-ms': 1_790_000_000_000 },
}

/** What is written back must be read as the same. */
function documentTarget<T>(name: string, schema: DocumentSchema<T>, contents: readonly object[]): FuzzTarget {
  return {
    name,
    form: 'text',
    mayThrow: ['malformed', 'state'],
    seeds: () => contents.map((content) => JSON.stringify(content)),
    words: JSON_WORDS,
    run(input) {
      const value = parseDocument(schema, input)
      mustSurvive(
        value,
        (kept) => Buffer.from(JSON.stringify({ version: schema.version, content: schema.serialize(kept) })),
        (bytes) => parseDocument(schema, bytes),
      )
    },
  }
}

export const STATE_TARGETS: readonly FuzzTarget[] = [
  documentTarget('guard-state', GUARD_STATE_SCHEMA, [
    {
      version: 2,
      content: { serial: 3, samples: { default: [guard], restricted: [], bridges: [], later: [1] } },
    },
    { version: 1, content: { sample: [{ ...guard, more: { a: 1 } }] } },
  ]),
  documentTarget('guard-state-copy', GUARD_STATE_COPY_SCHEMA, [
    { version: 2, content: { serial: 0, samples: { default: [], restricted: [guard] } } },
  ]),
  documentTarget('build-times', BUILD_TIMES_SCHEMA, [
    {
      version: 1,
      content: {
        bins: [
          { ms: 1005, count: 3 },
          { ms: 25, count: 1 },
        ],
      },
    },
  ]),
  {
    name: 'site-policies',
    form: 'text',
    mayThrow: ['damaged-rules'],
    seeds: () => [
      JSON.stringify({
        version: 1,
        content: {
          sites: [
            { site: 'example.com', blocked: 1, country: '' },
            { site: 'example.org', blocked: 0, country: 'de' },
            { site: 'example.net', blocked: 0, country: '', exit: RSA, 'until-ms': 1_790_000_100_000 },
          ],
        },
      }),
    ],
    words: JSON_WORDS,
    async run(input) {
      const store = new MemoryStateStore()
      await store.write('sites.json', input)
      const policies = await loadSitePolicies({ store, clock: manualClock() }, undefined)
      for (const { site, exitCountry } of policies.entries.value) {
        mustHold(exitCountry === undefined || /^[a-z]{2}$/.test(exitCountry), 'a country that is none')
        policies.policyFor(site)
      }
    },
  },
  {
    name: 'document-name',
    form: 'text',
    mayThrow: ['internal', 'limit', 'state'],
    maxBytes: 300,
    seeds: () => ['guards.json', '../x', 'cached-microdesc-consensus'],
    run(input) {
      const name = input.toString('utf8')
      checkDocumentName(name)
      mustHold(!/[/\\\0]/.test(name) && !name.startsWith('.'), 'a name that leads elsewhere')
      checkDocumentSize(name, input.length)
    },
  },
  {
    name: 'moat-settings',
    form: 'text',
    mayThrow: ['malformed', 'limit'],
    seeds: () => moat.responses.map((response) => JSON.stringify(response)),
    words: JSON_WORDS,
    run(input) {
      const answer = parseMoatSettings(input)
      if (answer.kind === 'refusal') {
        mustHold(!/[^\x20-\x7e]/.test(answer.detail), 'words that would not be shown as they are')
        return
      }
      for (const { lines } of answer.settings) for (const line of lines) parseBridgeLine(line)
    },
  },
  {
    name: 'moat-lists',
    form: 'text',
    mayThrow: ['malformed', 'limit'],
    seeds: () => [
      JSON.stringify(moat.map_response),
      JSON.stringify({ obfs4: [`192.0.2.1:1 ${RSA}`], snowflake: [] }),
      JSON.stringify({ errors: [{ code: 404, detail: 'x' }] }),
    ],
    words: JSON_WORDS,
    run(input) {
      const asMap = parseOrUndefined(() => parseMoatMap(input))
      const lists = parseMoatBuiltIn(input)
      mustHold(asMap === undefined || typeof asMap === 'object', 'an answer')
      if (lists instanceof Map) mustHold(lists.size <= 20, 'more transports than there may be')
    },
  },
]

function parseOrUndefined<T>(parse: () => T): T | undefined {
  try {
    return parse()
  } catch {
    return undefined
  }
}
