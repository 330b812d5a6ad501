/** What a log line must never give away, in every spelling that we could think of; and what it may. */
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createScrub } from '../../../../electron/logs/scrub.ts'

const scrub = createScrub({ homeFolder: '/home/marisol', userName: 'marisol', hostName: 'mari-laptop.lan' })
const onWindows = createScrub({
  homeFolder: 'C:\\Users\\Ana B',
  userName: 'Ana B',
  hostName: 'DESKTOP-ANA42',
})
const FINGERPRINT = '9695DFC35FFEB861329B9F1AB04C46397020CE31'
const ONION = '2gzyxa5ihm7nsggfxnu52rck2vv4rvmdlkiu3zzui5du4xyclen53wid.onion'

/** A line, and the parts of it that must be gone. */
const NASTY: readonly (readonly [line: string, ...secrets: string[]])[] = [
  ['connected to 198.51.100.7:9001 in 3 s', '198.51.100', '9001'],
  ['198.51.100.7', '198.51'],
  ['address=198.51.100.7,next', '198.51'],
  ['route 198.51.100.0/24 is gone', '198.51'],
  ['tried [2001:db8::17]:443 and 2001:db8::18', '2001:db8', '443'],
  ['via fe80::1ff:fe23:4567:890a%eth0 now', 'fe80', '890a'],
  ['::ffff:198.51.100.7 mapped', '198.51'],
  ['2001:0db8:0000:0000:0000:ff00:0042:8329', '0042'],
  [`guard $${FINGERPRINT}~Nickname failed`, FINGERPRINT, 'Nickname'],
  [`guard ${FINGERPRINT.toLowerCase()} failed`, FINGERPRINT.toLowerCase()],
  ['ed25519 id sBlqXuTQ0Gv9dYVZBqIbFjnBpKsdOjFa6XwHQFmv0Lw unknown', 'sBlqXuTQ0Gv9'],
  [`GET http://${ONION}/secret?q=1 failed`, '2gzyxa5ihm7n', 'secret'],
  [`no descriptor for ${ONION}`, '2gzyxa5ihm7n'],
  ['service 2gzyxa5ihm7nsggfxnu52rck2vv4rvmdlkiu3zzui5du4xyclen53wid', '2gzyxa5ihm7n'],
  ['look-up of www.example.co.uk failed', 'example', 'co.uk'],
  ['look-up of EXAMPLE.ORG. failed', 'EXAMPLE', 'ORG'],
  ['refused example.org:8443', 'example', '8443'],
  ['refused пример.рф and bücher.de', 'пример', 'bücher'],
  ['refused xn--e1afmkfd.xn--p1ai', 'xn--e1afmkfd'],
  ['refused _dmarc.mail.example.com', 'example', 'mail'],
  ['printer.local, nas.home and ok.test', 'printer', 'nas.', 'ok.test'],
  ['the own name server.companyzone:636', 'server', 'companyzone'],
  ['stream to intraserver:8080 closed', 'intraserver'],
  ['https://me:pa55@example.org:8443/a/b?token=abc#frag', 'me', 'pa55', 'abc', 'example'],
  ['socks5h://127.0.0.1:9250 user', '9250'],
  [
    `Bridge obfs4 198.51.100.9:8443 ${FINGERPRINT} cert=AbC+/dEf== iat-mode=0`,
    '198.51',
    FINGERPRINT,
    'AbC',
    'obfs4',
    'iat-mode',
  ],
  [`Bridge 198.51.100.9:443 ${FINGERPRINT}`, '198.51', FINGERPRINT],
  [`bad line "[2001:db8::9]:443 ${FINGERPRINT} url=https://cdn.example/x ver=0.0.3"`, '2001', 'cdn', 'ver='],
  ['snowflake fronts=www.example.com,cdn.example.net ice=stun:stun.example.com:3478', 'example', 'stun'],
  ['password=hunter2 for user=alice', 'hunter2', 'alice'],
  ['Proxy-Authorization: Basic bWU6cGFzcw== was refused', 'bWU6cGFzcw'],
  ['mail to alice@example.org and <bob@localhost>', 'alice', 'bob@'],
  ['link 02:42:ac:11:00:02 is up', '02:42', 'ac:11'],
  ['ENOENT: no such file, open /home/marisol/.config/allium/state', 'marisol'],
  ['at file:///home/marisol/app/main.cjs:3:4', 'marisol'],
  ["EACCES '/home/otherperson/x' and /Users/someone/Library", 'otherperson', 'someone'],
  ['mounted /media/thirdperson/STICK', 'thirdperson'],
  ['hello Marisol on MARI-LAPTOP', 'Marisol', 'MARI-LAPTOP'],
  ['one\ntwo \u001b[31mred\u001b[0m \u202eevil\u2028end\r\n', '\n', '\r', '\u001b', '\u202e', '\u2028'],
]

describe('the scrubber', () => {
  it.each(NASTY)('takes the secrets out of: %s', (line, ...secrets) => {
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
    for (const [line] of NASTY) expect(scrub(scrub(line))).toBe(scrub(line))
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
