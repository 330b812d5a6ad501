import { describe, expect, it } from 'vitest'
import { AddressWatch } from '../../../core/client/address-watch.ts'
import { manualClock } from '../../support/manual-clock.ts'

describe("the watch over this computer's addresses", () => {
  function setUp(first: string) {
    const clock = manualClock()
    const news: string[] = []
    let addresses = first
    const watch = new AddressWatch({
      clock,
      localAddresses: () => addresses,
      onLost: () => news.push('lost'),
      onGained: () => news.push('gained'),
    })
    const become = (next: string): string[] => {
      addresses = next
      clock.advance(5_000)
      return news.splice(0)
    }
    return { watch, become }
  }

  it('tells when one is gone, also when another came for it, and when there is one more', () => {
    const { become } = setUp('192.0.2.1')
    expect(become('192.0.2.1')).toEqual([])
    expect(become('192.0.2.1 198.51.100.1')).toEqual(['gained'])
    expect(become('198.51.100.1')).toEqual(['lost'])
    expect(become('203.0.113.1')).toEqual(['lost'])
    expect(become('')).toEqual(['lost'])
    expect(become('')).toEqual([])
    expect(become('203.0.113.1')).toEqual(['gained'])
  })

  it('says nothing any more when it is stopped', () => {
    const { watch, become } = setUp('192.0.2.1')
    watch.stop()
    expect(become('')).toEqual([])
  })
})
