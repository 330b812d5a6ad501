import { describe, expect, test } from 'vitest'
import fc from 'fast-check'
import { systemRandom } from '../../../../core/crypto/system-random.ts'
import { decodeAmpArmor } from '../../../../core/transport/snowflake/amp-armor.ts'
import { ampCacheUrl, domainPrefix } from '../../../../core/transport/snowflake/amp-cache-url.ts'
import { encodeAmpPath } from '../../../../core/transport/snowflake/amp-path.ts'
import { decodeAmpPath } from '../../../support/snowflake-broker.ts'
import vectors from '../../../vectors/snowflake.json' with { type: 'json' }

describe('paths', () => {
  test.each(vectors.amp.path_decode)(
    "the reference's path $path is read as it reads it",
    ({ path, data }) => {
      expect(decodeAmpPath(path)?.toString() ?? null).toBe(data)
    },
  )

  test('any message comes out of its path again, no two paths are alike, and all fit into an address', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (message) => {
        const paths = [encodeAmpPath(message, systemRandom), encodeAmpPath(message, systemRandom)]
        expect(paths[0]).not.toBe(paths[1])
        for (const path of paths) {
          expect(path).toMatch(/^[A-Za-z0-9_/-]+$/)
          expect([...(decodeAmpPath(path) ?? [])]).toEqual([...message])
        }
      }),
      { numRuns: 50 },
    )
  })
})

describe('armor', () => {
  test.each(vectors.amp.armor_decode)("the reference's page %# is read as it reads it", (vector) => {
    if (vector.data === undefined) expect(() => decodeAmpArmor(vector.html)).toThrow('the AMP cache')
    else expect(decodeAmpArmor(vector.html).toString()).toBe(vector.data)
  })

  test.each([
    ['an attribute with an angle bracket', '<pre title="a > b" class=x>\n0aGVs\nbG8=</pre>'],
    ['upper case, and tags within', '<PRE>0aG<wbr>VsbG8=</PRE >'],
    [
      'comments, scripts and styles around it',
      '<!-- <pre>x --><script>"<pre>"</script><style><pre></style><pre>0aGVsbG8=</pre>',
    ],
    ['references in place of characters', '<pre>0aGVsbG8&#61;</pre>'],
    ['a lone bracket before it', 'a < b <pre>0aGVsbG8=</pre>'],
    ['a document type', '<!doctype html><html amp><pre>0aGVsbG8=</pre></html>'],
  ])('what a cache may have made of a page does not matter: %s', (_, html) => {
    expect(decodeAmpArmor(html).toString()).toBe('hello')
  })

  test.each([
    ['no element', '<html></html>', 'no answer'],
    ['an element within an element', '<pre><pre>0</pre>', 'fit together'],
    ['an end without a start', '</pre>', 'fit together'],
    ['no end', '<pre>0aGVs', 'cut off'],
    ['an unknown format', '<pre>1</pre>', 'unknown format'],
    ['what is not base64', '<pre>0aG!s</pre>', 'damaged'],
    ['half a group of base64', '<pre>0aGV</pre>', 'damaged'],
  ])('a page with %s is malformed', (_, html, words) => {
    expect(() => decodeAmpArmor(html)).toThrow(words)
  })

  test('any page is read or malformed, in no more time than its length asks for', () => {
    const bits = fc.constantFrom(
      '<pre>',
      '</pre>',
      '<!--',
      '-->',
      '<script',
      '>',
      '"',
      '0aGVs',
      '&#61;',
      '<',
      ' ',
    )
    fc.assert(
      fc.property(fc.array(bits, { maxLength: 40 }), (parts) => {
        try {
          decodeAmpArmor(parts.join(''))
        } catch (error) {
          expect(error).toMatchObject({ kind: 'malformed' })
        }
      }),
      { numRuns: 300 },
    )
    for (const bit of ['<', '<a ', '<!--', '<script>', '<pre', '&#61;', '</']) {
      expect(() => decodeAmpArmor(bit.repeat(20_000))).toThrow('the AMP cache')
    }
  })
})

describe('cache addresses', () => {
  test.each([
    ['example.com', 'example-com'],
    ['foo.example.com', 'foo-example-com'],
    ['foo-example.com', 'foo--example-com'],
    ['xn--57hw060o.com', 'xn---com-p33b41770a'],
    ['en-us.example.com', '0-en--us-example-com-0'],
    [`${'0'.repeat(60)}.com`, 'stejanx4hsijaoj4secyecy4nvqodk56kw72whwcmvdbtucibf5a'],
    [`${'0'.repeat(59)}a.com`, 'jdcvbsorpnc3hcjrhst56nfm6ymdpovlawdbm2efyxpvlt4cpbya'],
  ])("the name for %s is AMP's own", (domain, prefix) => {
    expect(domainPrefix(domain)).toBe(prefix)
  })

  test.each([
    ['https://broker.example/', 'https://cdn.cache/', 'https://broker-example.cdn.cache/c/s/broker.example/'],
    [
      'https://broker.example/amp/x',
      'https://cdn.cache:8443/a/',
      'https://broker-example.cdn.cache:8443/a/c/s/broker.example/amp/x',
    ],
    ['http://127.0.0.1/y', 'http://cdn.cache', 'http://127-0-0-1.cdn.cache/c/127.0.0.1/y'],
  ])('%s by %s', (published, cache, expected) => {
    expect(ampCacheUrl(new URL(published), new URL(cache)).href).toBe(expected)
  })

  test.each([
    ['https://broker.example:444/', 'https://cdn.cache/', 'neither a port nor a user'],
    ['https://me@broker.example/', 'https://cdn.cache/', 'neither a port nor a user'],
    ['https://broker.example/', 'https://cdn.cache/?a', 'a question mark'],
    ['https://broker.example/', 'https://cdn.cache/#a', 'a question mark'],
    ['https://broker.example/', 'https://127.0.0.1/', 'by a host name'],
  ])('%s by %s is refused', (published, cache, words) => {
    expect(() => ampCacheUrl(new URL(published), new URL(cache))).toThrow(words)
  })
})
