import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseConsensus } from '../../../core/netdoc/consensus.ts'
import {
  type Microdescriptors,
  parseMicrodescriptors,
  parseMicrodescriptorsInSlices,
} from '../../../core/netdoc/microdescriptor.ts'
import {
  acceptedMicrodescriptors,
  capturedDirectory,
  mustReject,
  realMicrodescriptors,
} from '../../support/directory-vectors.ts'
import { generateDirectory } from '../../support/generate-directory.ts'

const NTOR = 'APIEHqe5EBHcB5FU79N/l5Is4miZ/oNfWKHhXKSXsi8'
const ED25519 = 'MzI5iURBO488ZBitEqv1y55EUlovbBJKRogVoN8cAps'
const ONE = `onion-key\nntor-onion-key ${NTOR}\nid ed25519 ${ED25519}\n`
const OTHER = `onion-key\nntor-onion-key ${ED25519}\nid ed25519 ${NTOR}\n`

const parse = (text: string): Microdescriptors => parseMicrodescriptors(Buffer.from(text, 'latin1'))
const digestOf = (text: string): Buffer => createHash('sha256').update(text, 'latin1').digest()

describe('microdescriptors', () => {
  it('of a private network are those that its consensus lists', () => {
    const { relays } = parseConsensus(capturedDirectory.consensus)
    const parsed = parseMicrodescriptors(capturedDirectory.microdescriptors)
    expect(parsed.rejected).toEqual([])
    const listed = new Set(
      Array.from({ length: relays.count }, (_, row) =>
        relays.microdescDigests.toString('hex', row * 32, row * 32 + 32),
      ),
    )
    const found = Array.from({ length: parsed.count }, (_, row) =>
      parsed.digests.toString('hex', row * 32, row * 32 + 32),
    )
    expect(new Set(found)).toEqual(listed)
    expect(parsed.ntorKeys.toString('base64', 32, 64)).toBe(`${NTOR}=`)
    expect(parsed.ed25519Ids.toString('base64', 32, 64)).toBe(`${ED25519}=`)
    expect(parsed.exitPolicies[parsed.exitPolicyIndex[1] ?? 0]?.text).toBe('accept 1-65535')
    expect(parsed.exitPolicies[parsed.exitPolicyIndex[0] ?? 0]?.rejectsAll).toBe(true)
  })

  it('of the real network have families and family ids', () => {
    const parsed = parseMicrodescriptors(realMicrodescriptors)
    expect(parsed.count).toBe(5)
    expect(parsed.familyIdSets[parsed.familyIdsIndex[0] ?? 0]).toBe(
      'ed25519:xiRC4fYUyj3pROyHeAm5dQerbUMHrLkeOJpG21vff44',
    )
    expect(parsed.familyIndex[0]).toBe(parsed.familyIndex[1])
    expect(parsed.families[parsed.familyIndex[4] ?? 0]).toBe('')
  })

  it.each([
    ['microdesc1.txt', 1],
    ['microdesc2.txt', 4],
    ['microdesc3.txt', 1],
    ['microdesc4.txt', 2],
  ])('in %s are all taken', (name, count) => {
    const parsed = parseMicrodescriptors(acceptedMicrodescriptors(name))
    expect(parsed.count).toBe(count)
    expect(parsed.rejected).toEqual([])
  })

  it('end where the annotations of the next one begin', () => {
    const text = `@last-listed 2026-01-01 00:00:00\n${ONE}@last-listed 2026-01-01 00:00:00\n@x\n${OTHER}`
    const parsed = parse(text)
    expect(parsed.rejected).toEqual([])
    expect(parsed.digests).toEqual(Buffer.concat([digestOf(ONE), digestOf(OTHER)]))
    expect(text.slice(parsed.starts[1], parsed.ends[1])).toBe(OTHER)
  })

  it('may lack an identity, and are then without one', () => {
    const parsed = parse(`${OTHER}onion-key\nntor-onion-key ${NTOR}\nid explodo ${ED25519}\nid rsa1024 x\n`)
    expect([...parsed.hasEd25519]).toEqual([1, 0])
    expect(parsed.ed25519Ids.subarray(32)).toEqual(Buffer.alloc(32))
  })

  it('have the first of their IPv6 addresses, whatever else is on their "a" lines', () => {
    const parsed = parse(`${ONE}a 1.2.3.4:1\na [::1]:0\na [2001:db8::1]:443\na [::2]:2\n${OTHER}`)
    expect(parsed.ipv6(0)).toEqual({ host: '2001:db8::1', port: 443 })
    expect(parsed.ipv6(1)).toBeUndefined()
  })

  it('may have keywords and objects that we do not know', () => {
    const parsed = parse(`${ONE}x-new 1\n-----BEGIN NEW-----\nonion key\n-----END NEW-----\np accept 80\n`)
    expect(parsed.rejected).toEqual([])
    expect(parsed.exitPolicies[parsed.exitPolicyIndex[0] ?? 0]?.text).toBe('accept 80')
  })

  it('share lines by number, also after one was rejected', () => {
    const bad = `onion-key\nfamily $A\np accept 1\na [::5]:5\nid ed25519 ${ED25519}\n`
    const parsed = parse(`${bad}${OTHER}${ONE}p accept 443\np6 accept 80\n${ONE}p accept 80\np6 accept 443\n`)
    expect(parsed.rejected.map(({ offset }) => offset)).toEqual([0])
    expect(parsed.count).toBe(3)
    expect([...parsed.exitPolicyIndex].slice(1)).toEqual([...parsed.exitPolicy6Index].slice(1).reverse())
    expect(parsed.exitPolicyIndex[0]).toBe(0)
    expect(parsed.familyIndex[0]).toBe(0)
    expect(parsed.ipv6(0)).toBeUndefined()
  })
})

describe('a bad microdescriptor is reported, and the others stay', () => {
  it.each([
    ['no ntor key', ONE.replace('ntor-onion-key', 'ntor-union-key')],
    ['two ntor keys', `${ONE}ntor-onion-key ${NTOR}\n`],
    ['a short ntor key', ONE.replace(NTOR, NTOR.slice(1))],
    ['an ntor key of zeros', ONE.replace(NTOR, 'A'.repeat(43))],
    ['two ed25519 identities', `${ONE}id ed25519 ${NTOR}\n`],
    ['an ed25519 identity that is not base64', ONE.replace(ED25519, `*${ED25519.slice(1)}`)],
    ['two policies', `${ONE}p accept 80\np accept 80\n`],
    ['two families', `${ONE}family $A\nfamily $A\n`],
    ['a policy that cannot be read', `${ONE}p6 accept whatever\n`],
    ['an object that does not end', `${ONE}x\n-----BEGIN X-----\nAAAA\n`],
    ['more bytes than any real one', `${ONE}family ${'$A '.repeat(8_000)}\n`],
  ])('when it has %s', (_, text) => {
    const parsed = parse(`${OTHER}${text}${OTHER}`)
    expect(parsed.count).toBe(2)
    expect(parsed.digests).toEqual(Buffer.concat([digestOf(OTHER), digestOf(OTHER)]))
    expect(parsed.rejected).toHaveLength(1)
    expect(parsed.rejected[0]).toMatchObject({ offset: OTHER.length, digest: digestOf(text) })
  })

  it.each(mustReject('bad-mds').map(({ name, text }) => [name, text] as const))(
    'when it is %s',
    (_, text) => {
      const parsed = parse(text)
      const isIdentified = parsed.count > 0 && parsed.hasEd25519[0] === 1
      // Without an identity it may stay: nothing ever uses its relay.
      expect(parsed.rejected.length > 0 || !isIdentified).toBe(true)
    },
  )

  it('when text stands before the first one', () => {
    const parsed = parse(`family $A\n${ONE}`)
    expect(parsed.count).toBe(1)
    expect(parsed.rejected.map(({ offset }) => offset)).toEqual([0])
  })
})

describe('a batch of microdescriptors', () => {
  it('that is generated comes out as it went in, in slices or at once', () => {
    const { microdescriptors, relays } = generateDirectory({ relays: 1000, authorities: 0 })
    const slices = parseMicrodescriptorsInSlices(microdescriptors)
    let yields = 0
    let step = slices.next()
    for (; step.done !== true; step = slices.next()) yields++
    const parsed = step.value
    expect(yields).toBeGreaterThan(2)
    expect(parsed.rejected).toEqual([])
    expect(parsed.digests).toEqual(Buffer.concat(relays.map((relay) => digestOf(relay.microdescriptor))))
    expect(parseMicrodescriptors(microdescriptors).ntorKeys).toEqual(parsed.ntorKeys)
    for (const [row, { microdescriptor }] of relays.entries()) {
      const policy = parsed.exitPolicies[parsed.exitPolicyIndex[row] ?? 0]
      expect(microdescriptor.includes('\np accept')).toBe(policy?.rejectsAll === false)
      expect(microdescriptor).toContain(parsed.families[parsed.familyIndex[row] ?? 0])
    }
  })

  it('may be empty', () => {
    expect(parse('')).toMatchObject({ count: 0, rejected: [] })
    expect(parse('\n\n').count).toBe(0)
  })

  it('never throws for any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        expect(parseMicrodescriptors(bytes).count).toBe(0)
      }),
    )
    const text = `${OTHER}${ONE}p accept 80,443\nfamily $A b\na [::1]:1\n${OTHER}`
    fc.assert(
      fc.property(fc.nat(text.length), fc.nat(20), fc.string({ maxLength: 12 }), (at, cut, inserted) => {
        const parsed = parse(text.slice(0, at) + inserted + text.slice(at + cut))
        expect(parsed.count + parsed.rejected.length).toBeGreaterThan(0)
      }),
      { numRuns: 500 },
    )
  })
})
