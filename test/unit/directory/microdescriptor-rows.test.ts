import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  certsBySigningKeyPath,
  certsPath,
  consensusPath,
  microdescsPath,
} from '../../../core/directory/directory-requests.ts'
import {
  digestAt,
  needsCompaction,
  planRequests,
  selectRows,
} from '../../../core/directory/microdescriptor-rows.ts'
import { parseRsaIdentity } from '../../../core/linkspec/relay-ids.ts'
import { parseMicrodescriptors } from '../../../core/netdoc/microdescriptor.ts'
import { bytesKey } from '../../../core/util/bytes.ts'
import { LIVE_MICRODESCS } from './support/live-documents.ts'

const digests = (count: number): Buffer[] =>
  Array.from({ length: count }, (_, index) => Buffer.alloc(32, `${index}.`))

describe('sharing out microdescriptors', () => {
  it('loses none, keeps the order and asks for at most 500 at once', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 3_000 }), fc.integer({ min: 0, max: 5 }), (count, relays) => {
        const all = digests(count)
        const plan = planRequests(all, relays)
        expect(Buffer.concat(plan.flat()).equals(Buffer.concat(all))).toBe(true)
        expect(plan.every((request) => request.length > 0 && request.length <= 500)).toBe(true)
      }),
      { numRuns: 30 },
    )
  })

  it('uses every relay for many, and one for a few', () => {
    expect(planRequests(digests(90), 3).map((request) => request.length)).toEqual([30, 30, 30])
    expect(planRequests(digests(4), 3)).toHaveLength(1)
    expect(planRequests(digests(8_000), 3)).toHaveLength(16)
  })

  it('puts the requests with the guards’ own first, and shows nobody within them which those are', () => {
    const all = digests(1_200)
    const guards = [all[1_100], all[600]]
    const stranger = Buffer.alloc(32, 'stranger')
    const plan = planRequests(all, 3, [...guards.filter((digest) => digest !== undefined), stranger])
    expect(plan).toEqual([all.slice(400, 800), all.slice(800), all.slice(0, 400)])
  })
})

describe('selecting rows', () => {
  it('gives the exact bytes of each wanted document once', () => {
    const bytes = Buffer.from(LIVE_MICRODESCS + LIVE_MICRODESCS)
    const batch = parseMicrodescriptors(bytes)
    expect(Buffer.concat(selectRows(bytes, batch, () => true)).toString()).toBe(LIVE_MICRODESCS)
    const third = bytesKey(digestAt(batch, 2))
    const [only, ...none] = selectRows(bytes, batch, (key) => key === third)
    expect(none).toEqual([])
    expect(only).toEqual(bytes.subarray(batch.starts[2], batch.ends[2]))
  })

  it('asks for a rewrite only when most of a journal must be stale', () => {
    expect(needsCompaction(5_000_000, 4_700_000)).toBe(false)
    expect(needsCompaction(900_000, 0)).toBe(false)
    expect(needsCompaction(11_000_000, 4_700_000)).toBe(true)
  })
})

describe('the URLs of directory documents', () => {
  const a = parseRsaIdentity(`AA${'0'.repeat(38)}`)
  const b = parseRsaIdentity(`0B${'1'.repeat(38)}`)

  it('name authorities sorted, by six digits for the consensus', () => {
    expect(consensusPath([a, b])).toBe('/tor/status-vote/current/consensus-microdesc/0B1111+AA0000.z')
    expect(certsPath([a, b])).toBe(`/tor/keys/fp/${b}+${a}.z`)
    expect(certsBySigningKeyPath([{ identity: a, signingKey: b }])).toBe(`/tor/keys/fp-sk/${a}-${b}.z`)
  })

  it('hold base64 digests as they are', () => {
    const path = microdescsPath([Buffer.alloc(32, 0xfb), Buffer.alloc(32, 0xff)])
    expect(path).toBe(`/tor/micro/d/${'+/v7'.repeat(10)}+/s-${'/'.repeat(42)}8.z`)
  })
})
