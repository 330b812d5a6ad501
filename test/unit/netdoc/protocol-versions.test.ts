import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { findMissingProtocols, parseProtocolVersions } from '../../../core/netdoc/protocol-versions.ts'
import { TorError, isTorError } from '../../../core/util/errors.ts'

describe('subprotocol versions', () => {
  it('are supported exactly as listed', () => {
    const versions = parseProtocolVersions('Link=1,3-5 Relay=2-4,63 Padding=')
    const supported = (name: string): number[] =>
      Array.from({ length: 64 }, (_, version) => version).filter((version) =>
        versions.supports(name, version),
      )
    expect(supported('Link')).toEqual([1, 3, 4, 5])
    expect(supported('Relay')).toEqual([2, 3, 4, 63])
    expect(supported('Padding')).toEqual([])
    expect(supported('Cons')).toEqual([])
  })

  it.each([
    'Link',
    '=1',
    'Link=a',
    'Link=5-4',
    'Link=64',
    'Link=1-4294967295',
    'Link=1,,2',
    'Link=1-2-3',
    'Link=1 Link=2',
    'Li_nk=1',
    'Link=1=2',
  ])('are refused as "%s"', (text) => {
    expect(() => parseProtocolVersions(text)).toThrow(TorError)
  })

  it('give a list or the typed error for any text', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        try {
          parseProtocolVersions(text)
        } catch (error) {
          expect(isTorError(error, 'malformed')).toBe(true)
        }
      }),
    )
  })

  it('that the network requires of clients today are all spoken', () => {
    const required = parseProtocolVersions('Cons=2 Desc=2-3 FlowCtrl=1 Link=4 Microdesc=2-3 Relay=2')
    expect(findMissingProtocols(required)).toEqual([])
  })

  it('that we lack are named one by one', () => {
    const required = parseProtocolVersions('Link=4-6 Relay=7 Moon=1')
    expect(findMissingProtocols(required)).toEqual(['Link=6', 'Relay=7', 'Moon=1'])
  })
})
