import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  DEFAULT_AUTHORITIES,
  parseDirAuthority,
  trustedV3Identities,
} from '../../../core/netdir/authorities.ts'
import { DEFAULT_FALLBACK_DIRS, parseFallbackDir } from '../../../core/netdir/fallback-dirs.ts'
import { isTorError } from '../../../core/util/errors.ts'

const FINGERPRINT = 'D586D18309DED4CD6D57C18FDB97EFA96D330566'
const V3IDENT = '14C131DFC5C6F93646BE72FA1401C02A8DF2E8B4'
const GROUPED = FINGERPRINT.replace(/(.{4})/g, '$1 ').trim()

describe('the built-in authorities', () => {
  it('are nine that sign and one for bridges', () => {
    expect(DEFAULT_AUTHORITIES).toHaveLength(10)
    expect(trustedV3Identities(DEFAULT_AUTHORITIES)).toHaveLength(9)
    expect(
      DEFAULT_AUTHORITIES.filter((authority) => authority.isBridgeAuthority).map(({ nickname }) => nickname),
    ).toEqual(['Serge'])
    expect(DEFAULT_AUTHORITIES.every(({ endpoints }) => endpoints.length > 0)).toBe(true)
  })
})

describe('the built-in fallback directories', () => {
  it('are many, distinct, and never an empty list', () => {
    expect(DEFAULT_FALLBACK_DIRS.length).toBeGreaterThanOrEqual(100)
    expect(new Set(DEFAULT_FALLBACK_DIRS.map(({ ids }) => ids.rsa)).size).toBe(DEFAULT_FALLBACK_DIRS.length)
    expect(DEFAULT_FALLBACK_DIRS.every(({ endpoints, weight }) => endpoints.length > 0 && weight === 1)).toBe(
      true,
    )
    expect(DEFAULT_FALLBACK_DIRS.some(({ endpoints }) => endpoints.length === 2)).toBe(true)
  })
})

describe('a DirAuthority line', () => {
  it('is read with all that concerns a client', () => {
    const text = `test1 orport=9001 no-v2 v3ident=${V3IDENT} weight=1.5 ipv6=[2001:db8::1]:443 127.0.0.1:9030 ${GROUPED}`
    expect(parseDirAuthority(text)).toEqual({
      nickname: 'test1',
      v3Identity: V3IDENT,
      rsaIdentity: FINGERPRINT,
      endpoints: [
        { host: '127.0.0.1', port: 9001 },
        { host: '2001:db8::1', port: 443 },
      ],
      isBridgeAuthority: false,
    })
  })

  it('may leave out the nickname and the ORPort, or be a bridge authority', () => {
    expect(parseDirAuthority(`127.0.0.1:9030 ${FINGERPRINT}`)).toMatchObject({
      nickname: 'unnamed',
      endpoints: [],
    })
    expect(parseDirAuthority(`bridge orport=1 1.2.3.4:0 $${FINGERPRINT.toLowerCase()}`)).toMatchObject({
      nickname: 'unnamed',
      isBridgeAuthority: true,
      rsaIdentity: FINGERPRINT,
      v3Identity: undefined,
    })
  })

  it.each([
    '',
    'test1',
    'test1 orport=9001',
    `test1 127.0.0.1 ${FINGERPRINT}`,
    `test1 127.0.0.1:9030`,
    `test1 127.0.0.1:9030 ${FINGERPRINT.slice(1)}`,
    `test1 127.0.0.1:99999 ${FINGERPRINT}`,
    `test1 127.0.0.256:9030 ${FINGERPRINT}`,
    `test1 example.com:9030 ${FINGERPRINT}`,
    `test1 orport=0 127.0.0.1:9030 ${FINGERPRINT}`,
    `test1 orport=x 127.0.0.1:9030 ${FINGERPRINT}`,
    `test1 v3ident=12 127.0.0.1:9030 ${FINGERPRINT}`,
    `test1 ipv6=2001:db8::1 127.0.0.1:9030 ${FINGERPRINT}`,
    `test1 weight=-1 127.0.0.1:9030 ${FINGERPRINT}`,
    `test1 nonsense=1 127.0.0.1:9030 ${FINGERPRINT}`,
    `test1 nonsense 127.0.0.1:9030 ${FINGERPRINT}`,
  ])('is refused as "%s"', (text) => {
    expectBadConfig(() => parseDirAuthority(text))
  })
})

describe('a FallbackDir line', () => {
  it('is read with its ORPort, identity, weight and IPv6 address', () => {
    const text = `192.0.2.7:80 orport=443 id=${FINGERPRINT} weight=2 ipv6=[2001:db8::7]:9001`
    expect(parseFallbackDir(text)).toEqual({
      ids: { rsa: FINGERPRINT, ed25519: undefined },
      endpoints: [
        { host: '192.0.2.7', port: 443 },
        { host: '2001:db8::7', port: 9001 },
      ],
      weight: 2,
    })
    expect(parseFallbackDir(`192.0.2.7:80 id=${FINGERPRINT} orport=443`).weight).toBe(1)
  })

  it.each([
    '',
    '192.0.2.7:80',
    `192.0.2.7:80 id=${FINGERPRINT}`,
    '192.0.2.7:80 orport=443',
    `192.0.2.7 orport=443 id=${FINGERPRINT}`,
    `192.0.2.7:80 orport=70000 id=${FINGERPRINT}`,
    `192.0.2.7:80 orport=443 id=${FINGERPRINT}00`,
    `192.0.2.7:80 orport=443 id=${FINGERPRINT} weight=much`,
    `192.0.2.7:80 orport=443 id=${FINGERPRINT} bridge`,
  ])('is refused as "%s"', (text) => {
    expectBadConfig(() => parseFallbackDir(text))
  })

  it('is a fallback or the typed error for any text', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        for (const parse of [parseFallbackDir, parseDirAuthority]) expectBadConfig(() => parse(text))
      }),
    )
  })
})

function expectBadConfig(parse: () => unknown): void {
  try {
    parse()
    expect.unreachable()
  } catch (error) {
    expect(isTorError(error, 'bad-config')).toBe(true)
  }
}
