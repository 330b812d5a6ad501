import { describe, expect, it } from 'vitest'
import { parseRsaIdentity } from '../../../core/linkspec/relay-ids.ts'
import { familyLists, normalizeFamily, shareFamilyId } from '../../../core/netdir/family.ts'

const A = parseRsaIdentity('A'.repeat(40))
const B = parseRsaIdentity('B'.repeat(40))

describe('a family line', () => {
  it.each([
    ['by fingerprint', `$${A}`],
    ['by fingerprint in small letters', `$${A.toLowerCase()}`],
    ['by fingerprint with a nickname after ~', `$${B} $${A}~other`],
    ['by fingerprint with a nickname after =', `$${A}=other $${B}`],
    ['by nickname', 'Moon alpha sun'],
    ['by nickname in other case', 'ALPHA'],
  ])('lists a relay %s', (_, text) => {
    expect(familyLists(normalizeFamily(text), A, 'Alpha')).toBe(true)
  })

  it.each([
    ['nobody', ''],
    ['another fingerprint', `$${B}`],
    ['another fingerprint with our nickname', `$${B}~alpha`],
    ['a longer fingerprint', `$${A}A`],
    ['a shorter fingerprint', `$${A.slice(1)}`],
    ['a fingerprint without $', A],
    ['a longer nickname', 'alphabet'],
    ['words of other characters', 'al-pha $x ~alpha'],
  ])('that lists %s does not list us', (_, text) => {
    expect(familyLists(normalizeFamily(text), A, 'Alpha')).toBe(false)
  })

  it('is normalized to the same text whatever is said twice', () => {
    expect(normalizeFamily(`$${A} $${A}~x moon MOON`)).toBe(` $${A} moon `)
  })
})

describe('family ids', () => {
  it('are shared when any one is the same', () => {
    expect(shareFamilyId('ed25519:a ed25519:b', 'other:c ed25519:b')).toBe(true)
    expect(shareFamilyId('ed25519:a', 'ed25519:b')).toBe(false)
    expect(shareFamilyId('ed25519:a', 'ed25519:A')).toBe(false)
  })

  it('are not shared by relays that have none', () => {
    expect(shareFamilyId('', '')).toBe(false)
    expect(shareFamilyId(' ', ' ')).toBe(false)
    expect(shareFamilyId('', 'ed25519:a')).toBe(false)
  })
})
