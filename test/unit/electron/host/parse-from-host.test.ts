/** A core host that somebody has taken over, and what it could tell main. */
import { describe, expect, it } from 'vitest'
import { parseRsaIdentity } from '../../../../core/linkspec/relay-ids.ts'
import { viewHostStatus } from '../../../../electron/host/host-status.ts'
import { parseFromHost, parseResult } from '../../../../electron/host/parse-from-host.ts'
import { hostStatus } from './fake-host.ts'
import { circuit, hop as anyHop, STATUS } from './host-samples.ts'

const hop: typeof anyHop = (nickname, changes) =>
  anyHop(nickname, { fingerprint: 'AB'.repeat(20), ...changes })

const SITE = 'example.com'
const STATUS_OF_OURS = viewHostStatus(
  {
    ...STATUS,
    circuits: [
      circuit(1, {
        sites: [SITE],
        hops: [hop('guard', { reason: { kind: 'guard', sinceMs: 5 } }), hop('x')],
      }),
      circuit(2, { hops: [hop('', { reason: { kind: 'bridge' }, address: '[2001:db8::1]:443' })] }),
      circuit(3, { hops: [hop('a'), hop('b'), hop('c', { reason: { kind: 'country', country: 'de' } })] }),
    ],
    sites: [
      { site: SITE, readBytes: 1, writtenBytes: 2, lastUsedMs: 3, refusal: { kind: 'no-path', atMs: 4 } },
    ],
    bridges: [
      {
        line: '192.0.2.1:443',
        fingerprint: undefined,
        state: 'works',
        lastWorkedMs: 4,
        failingSinceMs: undefined,
        reason: undefined,
      },
    ],
  },
  {
    now: { wallMs: 1_000_000, monotonicMs: 2_000.5 },
    policies: [
      {
        site: SITE,
        isBlocked: false,
        exitCountry: undefined,
        pin: { exit: parseRsaIdentity('A'.repeat(40)), untilMs: 2_000_000 },
      },
    ],
    proxies: { socks: { host: '127.0.0.1', port: 9250 }, http: undefined, trouble: undefined },
    failure: { kind: 'state', detail: 'locked', failures: 1, sinceMs: 5, cause: undefined },
  },
)
const [CIRCUIT] = STATUS_OF_OURS.circuits.circuits
const [HOP] = CIRCUIT?.hops ?? []
const [SITE_VIEW] = STATUS_OF_OURS.sites

/** The message with a change that types would not allow. */
function lie(change: Readonly<Record<string, unknown>>): unknown {
  return { kind: 'status', status: { ...STATUS_OF_OURS, ...change } }
}

const inCircuit = (change: object): unknown =>
  lie({ circuits: { circuits: [{ ...CIRCUIT, ...change }], ownCountry: undefined } })
const inHop = (change: object): unknown => inCircuit({ hops: [{ ...HOP, ...change }] })
const inSite = (change: object): unknown => lie({ sites: [{ ...SITE_VIEW, ...change }] })
const inDoor = (door: unknown): unknown =>
  lie({ proxies: { socks: undefined, http: door, trouble: undefined } })

describe('what the core host says', () => {
  it('is taken as it is where it is what our core says', () => {
    for (const status of [STATUS_OF_OURS, hostStatus()]) {
      expect(parseFromHost({ kind: 'status', status })).toEqual({ kind: 'status', status })
    }
    expect(parseFromHost({ kind: 'alive' })).toEqual({ kind: 'alive' })
  })

  it.each([
    [
      'a door that is not on this computer: the whole system would be pointed at it',
      inDoor({ host: '192.0.2.1', port: 80 }),
    ],
    ['a door by name', inDoor({ host: 'localhost', port: 80 })],
    ['a door without a port', inDoor({ host: '127.0.0.1', port: 0 })],
    ['a site that reads backwards', inSite({ site: '\u202emoc.elpmaxe' })],
    ['a site that looks like another', inSite({ site: 'ex\u0430mple.com' })],
    ['a site as long as a book', inSite({ site: 'a'.repeat(256) })],
    ['a site of a circuit with a line break', inCircuit({ sites: ['a\nb'] })],
    ['a nickname with words in it', inHop({ nickname: 'you are safe' })],
    ['a nickname that turns text around', inHop({ nickname: '\u202eedon' })],
    ['an address that is none', inHop({ address: 'click here' })],
    ['a fingerprint that is none', inHop({ fingerprint: 'x' })],
    ['a flag as long as a book', inHop({ flags: ['F'.repeat(101)] })],
    ['a country that has no flag', inHop({ country: '../' })],
    ['a hundred hops', inCircuit({ hops: Array.from({ length: 100 }, () => HOP) })],
    ['a date that no calendar has', inCircuit({ createdMs: 1e300 })],
    [
      'a part of a millisecond, which the file with the bridges would not be read with',
      lie({
        bridges: [{ line: '192.0.2.1:443', health: 'works', failingSinceMs: undefined, lastWorkedMs: 0.5 }],
      }),
    ],
    ['a count of minus one', inCircuit({ streams: -1 })],
    ['no number', lie({ readBytes: Number.NaN })],
    ['bytes without end', lie({ readBytes: Number.POSITIVE_INFINITY })],
    ['a phase that there is not', lie({ phase: 'safe' })],
    [
      'circuits without end',
      lie({ circuits: { circuits: Array.from({ length: 10_001 }, () => CIRCUIT), ownCountry: undefined } }),
    ],
    ['a status without its parts', { kind: 'status', status: {} }],
    [
      'log lines without end',
      {
        kind: 'log',
        lines: Array.from({ length: 1_001 }, () => ({ atMs: 0, level: 'info', domain: 'net', text: '' })),
      },
    ],
    [
      'a log line as long as a book',
      { kind: 'log', lines: [{ atMs: 0, level: 'info', domain: 'net', text: 'a'.repeat(20_001) }] },
    ],
    ['a reply without an outcome', { kind: 'reply', id: 1 }],
    ['an error without a kind', { kind: 'reply', id: 1, outcome: { ok: false } }],
    [
      'an error whose kind is text',
      { kind: 'reply', id: 1, outcome: { ok: false, error: { kind: 'call 555 now', detail: '' } } },
    ],
    ['a kind that there is not', { kind: 'quit' }],
    ['a kind from the prototype', { kind: 'constructor' }],
    ['nothing', undefined],
    ['null', null],
    ['a text', 'ready'],
    ['a list', []],
  ])('is refused where it is %s', (_, message) => {
    expect(parseFromHost(message)).toBeUndefined()
  })

  it('brings nothing along that nobody asked for', () => {
    const message = parseFromHost(JSON.parse('{"kind":"ready","__proto__":{"isAdmin":true},"more":1}'))
    expect(message).toEqual({ kind: 'ready' })
    expect(Reflect.get(message ?? {}, 'isAdmin')).toBeUndefined()
  })

  it('has its technical words without marks that turn text around or forge lines', () => {
    const detail = 'all is \u202ewell\u2066\u0000\nand more'
    expect(parseFromHost({ kind: 'crash', detail })).toEqual({
      kind: 'crash',
      detail: 'all is  well   and more',
    })
  })
})

describe('what the core host answers', () => {
  it('is taken where it is an answer to the question', () => {
    expect(parseResult('check.stream', { isTor: true, address: '192.0.2.1' })).toEqual({
      value: { isTor: true, address: '192.0.2.1' },
    })
    expect(
      parseResult('exit-countries.list', [{ country: 'de', exits: 3, share: 0.5, entropyLostBits: 1 }]),
    ).toBeDefined()
    expect(parseResult('start', { anything: 1 })).toEqual({ value: undefined })
  })

  it.each([
    ['check.stream', { isTor: true, address: 'your own' }],
    ['check.stream', undefined],
    ['check.resolve', { addresses: ['localhost'] }],
    ['exit-countries.list', [{ country: 'de', exits: 3, share: 7, entropyLostBits: 1 }]],
    [
      'exit-countries.list',
      Array.from({ length: 301 }, () => ({ country: 'de', exits: 3, share: 0, entropyLostBits: 1 })),
    ],
    ['identity.new', { changed: ['you are a new person'], kept: [] }],
  ] as const)('is refused where %s has another form', (method, value) => {
    expect(parseResult(method, value)).toBeUndefined()
  })
})
