import { describe, expect, test } from 'vitest'
import { dumpConfig } from '../../../core/daemon/dump-config.ts'
import { Settings } from '../../../core/daemon/settings.ts'
import { parseTorrc } from '../../../core/daemon/torrc-reader.ts'

const FINGERPRINT = 'D586D18309DED4CD6D57C18FDB97EFA96D330566'
const AUTHORITY = `DirAuthority a orport=5000 v3ident=${FINGERPRINT} 127.0.0.1:7000 ${FINGERPRINT}`

const parse = (text: string) => parseTorrc(text, 'torrc', () => [])
const dump = (text: string, extent: 'short' | 'full' = 'short', defaults = '') =>
  dumpConfig(Settings.merge([parse(defaults), parse(text)]), Settings.merge([parse(defaults)]), extent)

describe('the short dump', () => {
  test('has what differs from the defaults, in the order and the form of C tor', () => {
    const text =
      'SocksPort 9150 SessionGroup=3\nMaxCircuitDirtiness 20 minutes\nSafeLogging 1\nWarnPlaintextPorts 23, 25\n' +
      'SocksPort 9151\nCircuitStreamTimeout 0\nLog notice stdout\nUseEntryGuards 1\nMapAddress a.b c.d\nSocksPort 9151'
    expect(dump(text)).toBe(
      'Log notice stdout\nMapAddress a.b c.d\nMaxCircuitDirtiness 1200\nSocksPort 9150 SessionGroup=3\n' +
        'SocksPort 9151\nSocksPort 9151\nWarnPlaintextPorts 23,25\n',
    )
  })

  test('counts what the defaults file says as a default', () => {
    expect(dump('SocksTimeout 60', 'short', 'SocksTimeout 60')).toBe('')
    expect(dump('SocksTimeout 120', 'short', 'SocksTimeout 60')).toBe('SocksTimeout 120\n')
  })

  test('counts the defaults of a testing network as defaults', () => {
    expect(dump(`TestingTorNetwork 1\n${AUTHORITY}`)).toBe(`${AUTHORITY}\nTestingTorNetwork 1\n`)
  })

  test('has options of the running program never', () => {
    expect(dump('__OwningControllerProcess 1', 'full')).not.toContain('__')
  })

  test('can be read again whatever is in a value', () => {
    const line = String.raw`PidFile "/tmp/a # b\"c\\\n\303\244"`
    expect(dump(line)).toBe(`${line}\n`)
    expect(dump(dump(line))).toBe(`${line}\n`)
  })
})

test('the full dump has every option with a value, and an empty list without one', () => {
  const lines = dump('', 'full').split('\n')
  expect(lines).toContain('SocksTimeout 120')
  expect(lines).toContain('EntryNodes')
  expect(lines).toContain('PathsNeededToBuildCircuits -1.000000')
  expect(lines.some((line) => line.startsWith('PidFile'))).toBe(false)
})
