/** Ports and the upstream proxy as people type them. */
import { describe, expect, it } from 'vitest'
import {
  draftOf,
  EMPTY_UPSTREAM,
  readPorts,
  readUpstream,
} from '../../../renderer/views/bridges/network-fields.ts'

describe('allowed ports', () => {
  it('are read with commas, blanks and repetitions', () => {
    expect(readPorts(' 443, 80  443;8443\n')).toEqual({ ok: true, ports: [80, 443, 8443] })
  })

  it.each(['80abc', '0', '65536', '-1', '8e3', '0x50', '443.', '٤٤٣'])('are refused by name: %s', (text) => {
    expect(readPorts(`443, ${text}`)).toEqual({ ok: false, fault: 'not-a-port', text })
  })

  it('are refused when there is none, for that would be a wall', () => {
    expect(readPorts(' , ')).toEqual({ ok: false, fault: 'none' })
  })

  it('are refused beyond what the settings take', () => {
    const many = Array.from({ length: 101 }, (_, n) => n + 1).join(',')
    expect(readPorts(many)).toEqual({ ok: false, fault: 'too-many' })
  })
})

describe('an upstream proxy', () => {
  const draft = { ...EMPTY_UPSTREAM, host: 'proxy.example', port: '1080' }

  it('is read with and without credentials', () => {
    expect(readUpstream(draft)).toEqual({
      ok: true,
      setting: { kind: 'socks5', host: 'proxy.example', port: 1080 },
    })
    expect(readUpstream({ ...draft, kind: 'http', username: 'ann', password: 'p w' })).toEqual({
      ok: true,
      setting: { kind: 'http', host: 'proxy.example', port: 1080, username: 'ann', password: 'p w' },
    })
  })

  it('never carries credentials where SOCKS4 has none', () => {
    expect(readUpstream({ ...draft, kind: 'socks4', username: 'ann', password: 'secret' })).toEqual({
      ok: true,
      setting: { kind: 'socks4', host: 'proxy.example', port: 1080 },
    })
  })

  it.each(['192.0.2.1', '2001:db8::1', '[2001:db8::1]', 'localhost', 'a-b.example.', 'прокси.example'])(
    'may be at %s',
    (host) => expect(readUpstream({ ...draft, host })).toMatchObject({ ok: true }),
  )

  it('says what is wrong with each field', () => {
    expect(readUpstream({ ...EMPTY_UPSTREAM, port: '99999' })).toEqual({
      ok: false,
      faults: { host: 'empty', port: 'not-a-port' },
    })
    expect(readUpstream({ ...draft, host: 'proxy.example:3128' })).toMatchObject({
      faults: { host: 'has-a-port' },
    })
    expect(readUpstream({ ...draft, host: 'http://proxy.example' })).toMatchObject({
      faults: { host: 'not-a-host' },
    })
    expect(readUpstream({ ...draft, password: 'x' })).toMatchObject({ faults: { username: 'missing' } })
    expect(readUpstream({ ...draft, username: 'ü'.repeat(128) })).toMatchObject({
      faults: { username: 'too-long' },
    })
  })

  it('comes back from the setting as it was typed', () => {
    const setting = { kind: 'socks5', host: 'h', port: 1, username: 'u', password: 'p' } as const
    expect(readUpstream(draftOf(setting))).toEqual({ ok: true, setting })
    expect(draftOf(null)).toEqual(EMPTY_UPSTREAM)
  })
})
