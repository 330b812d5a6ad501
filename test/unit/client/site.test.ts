import { describe, expect, it } from 'vitest'
import { siteOf } from '../../../core/client/site.ts'

describe('the site of a host', () => {
  it.each([
    ['example.com', 'example.com'],
    ['www.example.com', 'example.com'],
    ['a.b.example.co.uk', 'example.co.uk'],
    ['one.github.io', 'one.github.io'],
    ['a.two.github.io', 'two.github.io'],
    ['github.io', 'github.io'],
    ['com', 'com'],
    ['localhost', 'localhost'],
    ['under_score.example.org', 'example.org'],
    ['192.0.2.7', '192.0.2.7'],
    ['2001:db8::1', '2001:db8::1'],
    ['abc.onion', 'abc.onion'],
    ['www.abc.onion', 'abc.onion'],
  ])('of %s is %s', (host, site) => {
    expect(siteOf(host)).toBe(site)
  })
})
