/** What a log line must never give away, in every spelling that we could think of; and what it may. */
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createScrub } from '../../../../electron/logs/scrub.ts'
import { FINGERPRINT, NASTY_LINES, ONION } from './nasty-lines.ts'

const scrub = createScrub({ homeFolder: '/home/marisol', userName: 'marisol', hostName: 'mari-laptop.lan' })
const onWindows = createScrub({
  homeFolder: 'C:\\Users\\Ana B',
  userName: 'Ana B',
  hostName: 'DESKTOP-ANA42',
})
describe('the scrubber', () => {
  it.each(NASTY_LINES)('takes the secrets out of: %s', (line, ...secrets) => {
    const scrubbed = scrub(line)
    for (const secret of secrets) expect(scrubbed.toLowerCase()).not.toContain(secret.toLowerCase())
  })

  it.each([
    ['C:\\Users\\Ana B\\AppData\\Roaming\\Allium\\settings.json', 'Ana'],
    ['{"path":"C:\\\\Users\\\\Ana B\\\\x"}', 'Ana'],
    ['file C:/Users/Ana B/x', 'Ana'],
    ['d:\\users\\Another\\x', 'Another'],
    ['computer DESKTOP-ANA42', 'ANA42'],
  ])('knows the home folder in the spellings of Windows: %s', (line, secret) => {
    expect(onWindows(line).toLowerCase()).not.toContain(secret.toLowerCase())
  })

  it.each([
    'Bootstrapped 45% (requesting_descriptors): Asking for relay descriptors',
    'SOCKS5 proxy listens on 127.0.0.1:9250',
    'the clock is 3600 seconds behind at 12:30:45',
    'electron 45.5.0, chrome 150.0.7871.46, node v24.1.0',
    'TypeError: value is not a function at core-host.cjs:120:15',
    'wrote settings.json in ~/.config',
    'channel-failed: timeout after 10 s; count 3',
    'could not listen on [::1]:9250',
    '5,000 of 8,231 microdescriptors (61%)',
    'app://allium/index.html loaded',
  ])('leaves what helps and tells nothing of anybody: %s', (line) => {
    expect(scrub(line)).toBe(line.replace('app://allium', 'app:'))
  })

  it('changes nothing more when it looks a second time', () => {
    for (const [line] of NASTY_LINES) expect(scrub(scrub(line))).toBe(scrub(line))
  })

  it('finds an address wherever it stands and whatever is around it', () => {
    const separators = fc.constantFrom(' ', ', ', ' (', '="', "'", '\t', '<', ' -> ', ';', '|', ' [', '\n')
    const secrets = fc.constantFrom(
      '203.0.113.77',
      '2001:db8::77',
      'www.example.com',
      `$${FINGERPRINT}`,
      ONION,
    )
    fc.assert(
      fc.property(fc.array(fc.tuple(separators, secrets), { minLength: 1, maxLength: 12 }), (parts) => {
        const scrubbed = scrub(parts.flat().join(''))
        for (const [, secret] of parts) expect(scrubbed).not.toContain(secret)
      }),
    )
  })

  it('never leaves half of an address where a long line is cut', () => {
    for (let before = 1_960; before < 2_010; before++) {
      const scrubbed = scrub(`${'x'.repeat(before)} 203.0.113.77 ${'y '.repeat(500)}`)
      expect(scrubbed).not.toContain('203')
      expect(scrubbed.length).toBeLessThan(2_020)
    }
  })

  it.each(['a', '1.', 'a.', ':', 'a@', '0:', '/home/', '198.51.100.', 'x=', '[', 'F', '\\'])(
    'needs no time worth mentioning for a line made to take long: %j',
    (piece) => {
      expect(scrub(piece.repeat(200_000)).length).toBeLessThan(2_020)
    },
  )

  it('does not spoil the text for people with common names', () => {
    const common = createScrub({ homeFolder: '/', userName: 'root', hostName: 'tor' })
    expect(common('the root of / and tor')).toBe('the root of / and tor')
  })
})
