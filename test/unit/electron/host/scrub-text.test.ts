import { describe, expect, it } from 'vitest'
import { scrubText } from '../../../../electron/host/scrub-text.ts'

describe('the scrubbing of text that leaves the host', () => {
  it.each([
    ['connect ECONNREFUSED 192.0.2.1:443', 'connect ECONNREFUSED [scrubbed]'],
    ['to 198.51.100.7.', 'to [scrubbed].'],
    ['via [2001:db8::1]:9001 now', 'via [scrubbed] now'],
    ['via 2001:db8:0:0:0:0:0:1', 'via [scrubbed]'],
    ['via 2001:db8::53', 'via [scrubbed]'],
    ['via ::ffff:192.0.2.1', 'via [scrubbed]'],
    ['guard $1EDFB91A04D1685360C395546155ADB1D9F16D69', 'guard [scrubbed]'],
  ])('hides the address in "%s"', (text, expected) => {
    expect(scrubText(text)).toBe(expected)
  })

  it.each([
    'Bootstrapped 45% (requesting_descriptors): Asking for relay descriptors',
    'at 12:34:56 it was 1.25 s late',
    'Opened Socks listener on 127.0.0.1:9250',
    'Tor 0.4.9.11 says so',
    'chunk::piece',
  ])('leaves "%s" as it is', (text) => {
    expect(scrubText(text)).toBe(text)
  })
})
