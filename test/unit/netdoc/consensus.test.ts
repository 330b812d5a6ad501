import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Consensus, parseConsensus, parseConsensusInSlices } from '../../../core/netdoc/consensus.ts'
import { RelayFlag, hasFlag } from '../../../core/netdoc/relay-flags.ts'
import { TorError, isTorError } from '../../../core/util/errors.ts'
import { capturedDirectory, mustReject, realConsensus } from '../../support/directory-vectors.ts'
import { generateDirectory } from '../../support/generate-directory.ts'

const CAPTURED = capturedDirectory.consensus.toString('latin1')

/** The captured document with one piece replaced; the piece must be there. */
function altered(from: string, to: string, text = CAPTURED): Buffer {
  expect(text).toContain(from)
  return Buffer.from(
    text.replace(from, () => to),
    'latin1',
  )
}

function identityOf(consensus: Consensus, row: number): string {
  return consensus.relays.rsaIds.toString('hex', row * 20, row * 20 + 20).toUpperCase()
}

describe('the consensus of a private network', () => {
  const consensus = parseConsensus(capturedDirectory.consensus)
  const { relays } = consensus

  it('has its lifetime, method, flags, parameters and voters', () => {
    expect(consensus.validAfterMs).toBe(Date.UTC(2026, 10, 22, 15, 5, 0))
    expect(consensus.freshUntilMs).toBe(Date.UTC(2026, 10, 22, 15, 10, 0))
    expect(consensus.validUntilMs).toBe(Date.UTC(2026, 10, 22, 15, 20, 0))
    expect(consensus.method).toBe(35)
    expect(consensus.knownFlags).toContain('NoEdConsensus')
    expect(Object.fromEntries(consensus.params)).toEqual({ AuthDirMaxServersPerAddr: 0, cc_alg: 2 })
    expect([...consensus.authorities].sort()).toEqual([...capturedDirectory.trustedV3Idents].sort())
    expect(consensus.requiredClientProtocols.supports('Link', 4)).toBe(true)
    expect(consensus.requiredClientProtocols.supports('Link', 5)).toBe(false)
    expect(consensus.recommendedClientProtocols.supports('Link', 5)).toBe(true)
    expect(consensus.bandwidthWeights.get('Wbd')).toBe(3333)
  })

  it('has its relays as columns in ascending order', () => {
    expect(relays.count).toBe(9)
    expect(relays.nickname(0)).toBe('auth0')
    expect(relays.nickname(8)).toBe('exit2')
    expect(identityOf(consensus, 0)).toBe('1022EE831F7A45E789747045043DE986D1BB8A67')
    expect(relays.orPorts[1]).toBe(21_025)
    expect(relays.ipv4[1]).toBe(0x7f000001)
    expect(relays.bandwidths[2]).toBe(264)
    expect(relays.microdescDigests.toString('base64', 0, 32)).toBe(
      'T7zEfTCo6sDOy/vn0/fmqCFMONtWktTz/t68GUWHfis=',
    )
    expect(relays.protocols(3).supports('Relay', 6)).toBe(true)
    expect(relays.protocols(3).supports('Relay', 7)).toBe(false)
  })

  it('has the flags of each relay', () => {
    expect(hasFlag(relays.flags[0] ?? 0, RelayFlag.Authority | RelayFlag.Exit | RelayFlag.Stable)).toBe(true)
    expect(hasFlag(relays.flags[1] ?? 0, RelayFlag.Stable)).toBe(false)
    expect(hasFlag(relays.flags[4] ?? 0, RelayFlag.Fast)).toBe(false)
  })

  it('finds a relay by its identity, and none that is not there', () => {
    for (let row = 0; row < relays.count; row++) {
      expect(relays.rowOf(relays.rsaIds.subarray(row * 20, row * 20 + 20))).toBe(row)
    }
    expect(relays.rowOf(Buffer.alloc(20))).toBeUndefined()
    expect(relays.rowOf(Buffer.alloc(20, 0xff))).toBeUndefined()
  })

  it('has the signed part and its digest, the space after the keyword included', () => {
    const signed = CAPTURED.slice(
      0,
      CAPTURED.indexOf('\ndirectory-signature ') + '\ndirectory-signature '.length,
    )
    expect(consensus.signedLength).toBe(signed.length)
    expect(consensus.signedSha256).toEqual(createHash('sha256').update(signed, 'latin1').digest())
    expect(consensus.signatures.map(({ algorithm }) => algorithm)).toEqual(['sha256', 'sha256', 'sha256'])
  })
})

describe('the consensus of the real network', () => {
  it('is read with IPv6 addresses, shared randomness and unmeasured relays', () => {
    const consensus = parseConsensus(realConsensus)
    expect(consensus.relays.count).toBe(5)
    expect(consensus.relays.ipv6(0)).toEqual({ host: '2a0a:4cc0:c1:2aac::1', port: 8443 })
    expect(consensus.relays.ipv6(1)).toBeUndefined()
    expect(consensus.relays.bandwidths[1]).toBe(20)
    expect(consensus.sharedRandomCurrent?.reveals).toBe(9)
    expect(consensus.sharedRandomPrevious?.value.toString('base64')).toBe(
      'B7WEEFCA6Jb1/tqV05207vqC/eJUlBPr7QemYm5FCCU=',
    )
    expect(consensus.params.get('circ_max_cell_queue_size')).toBe(1750)
    expect(consensus.signatures).toHaveLength(9)
  })
})

describe('a consensus is refused', () => {
  it.each(mustReject('bad-mdconsensus').map(({ name, text }) => [name, text] as const))(
    'as %s',
    (_, text) => {
      expect(() => parseConsensus(Buffer.from(text, 'latin1'))).toThrow(TorError)
    },
  )

  it('when it is of the other flavour, and the error says so', () => {
    expect(() => parseConsensus(capturedDirectory.nsConsensus)).toThrow(/expected microdesc, got ns/)
  })

  it.each<readonly [string, string, string]>([
    ['is a vote', 'vote-status consensus', 'vote-status vote'],
    ['has no known flags', 'known-flags', 'known-flugs'],
    ['has two methods', 'consensus-method 35', 'consensus-method 35\nconsensus-method 35'],
    ['has a method that is no number', 'consensus-method 35', 'consensus-method x'],
    ['is fresh for no time', 'fresh-until 2026-11-22 15:10:00', 'fresh-until 2026-11-22 15:05:00'],
    ['expires before it is stale', 'valid-until 2026-11-22 15:20:00', 'valid-until 2026-11-22 15:09:59'],
    ['has a date that does not exist', 'valid-after 2026-11-22', 'valid-after 2026-02-30'],
    ['has a parameter twice', 'params AuthDir', 'params cc_alg=2 AuthDir'],
    ['has a parameter beyond 32 bits', 'cc_alg=2', 'cc_alg=2147483648'],
    [
      'requires protocols that cannot be read',
      'required-client-protocols Cons=2',
      'required-client-protocols Cons=64',
    ],
    ['has no footer', 'directory-footer', 'directory-feeter'],
    ['has relays after its footer', 'directory-footer\n', 'directory-footer\nr late\n'],
    ['has a NUL', 'contact test', 'contact \0test'],
    ['has a carriage return', 'contact test@test.test\n', 'contact test@test.test\r\n'],
    ['is not UTF-8', 'contact test', 'contact \xfftest'],
    ['has a relay without "m" line', 'm T7zEfTCo6sDOy/vn0/fmqCFMONtWktTz/t68GUWHfis\n', ''],
    ['has a relay without "s" line', 's Authority Exit Fast Guard HSDir Running Stable V2Dir Valid\n', ''],
    [
      'has a relay with two bandwidths',
      'w Bandwidth=184 Unmeasured=1\n',
      'w Bandwidth=184\nw Bandwidth=184\n',
    ],
    ['has a relay with two protocol lists', 'v Tor 0.4.9.11\n', 'pr Link=4\n'],
    ['has a relay with a negative bandwidth', 'Bandwidth=184', 'Bandwidth=-184'],
    ['has a flag twice', '\ns Authority Exit Fast', '\ns Authority Exit Exit Fast'],
    ['has a nickname of other characters', 'r exit0', 'r ex-t0'],
    ['has a nickname of 20 characters', 'r exit0', 'r exit0exit0exit0exit0'],
    ['has a short identity', 'LfJ4KdXO3b3tODycDliSl3zdeNc', 'LfJ4KdXO3b3tODycDliSl3zdeN'],
    ['has an address that is none', '127.0.0.1 21025', '127.0.0.256 21025'],
    ['has a relay port 0', '127.0.0.1 21025', '127.0.0.1 0'],
    ['has a relay line that is cut off', ' 127.0.0.1 21025 0', ''],
    ['has an object that does not end', 'v Tor 0.4.9.11', 'x-new\n-----BEGIN X-----'],
    ['has a signature without object', '-----BEGIN SIGNATURE-----', 'BEGIN SIGNATURE'],
    [
      'has a signature by no identity',
      'directory-signature sha256 3F85515F',
      'directory-signature sha256 XX85515F',
    ],
  ])('when it %s', (_, from, to) => {
    expect(() => parseConsensus(altered(from, to))).toThrow(TorError)
  })

  it.each(['bandwidth-weights Wgd=10000', 'x-new thing'])(
    'when "%s" stands behind the first signature, where nobody has signed it',
    (line) => {
      const parts = CAPTURED.replace(/^bandwidth-weights .*\n/m, '').split(/^(?=directory-signature )/m)
      expect(parts.length).toBeGreaterThan(2)
      for (let at = 2; at <= parts.length; at++) {
        const forged = [...parts.slice(0, at), `${line}\n`, ...parts.slice(at)].join('')
        expect(() => parseConsensus(Buffer.from(forged, 'latin1'))).toThrow(/nothing but signatures/)
      }
    },
  )

  it('when one relay comes twice', () => {
    const start = CAPTURED.indexOf('r exit0 ')
    const entry = CAPTURED.slice(start, CAPTURED.indexOf('\nr relay2 ') + 1)
    expect(() => parseConsensus(altered(entry, entry + entry))).toThrow(/ascending/)
  })

  it('when it is cut off anywhere', () => {
    for (let length = 0; length < CAPTURED.length - 1; length += 7) {
      const cut = capturedDirectory.consensus.subarray(0, length)
      const isWholeSignature = cut.toString('latin1').endsWith('-----END SIGNATURE-----\n')
      if (!isWholeSignature) expect(() => parseConsensus(cut)).toThrow(TorError)
    }
  })
})

describe('a consensus is taken', () => {
  it('with keywords, flags, weights and objects that we do not know', () => {
    const strange = altered(
      'v Tor 0.4.9.11\n',
      'x-new 1 2 3\n-----BEGIN NEW THING-----\nr s\nm\n-----END NEW THING-----\nstats x=1\n',
    ).toString('latin1')
    const { relays } = parseConsensus(
      altered('\ns Authority Exit Fast', '\ns Amazing Authority Exit Fast', strange),
    )
    expect(relays.count).toBe(9)
  })

  it('with a relay whose protocols or IPv6 address we cannot read, which then has none', () => {
    const bad = altered('m T7zEf', 'a [fe80::%1]:80\na example.com:80\nm T7zEf').toString('latin1')
    const { relays } = parseConsensus(altered('pr Conflux=1', 'pr Conflux=x', bad))
    expect(relays.ipv6(0)).toBeUndefined()
    expect(relays.protocols(0).supports('Link', 4)).toBe(false)
    expect(relays.protocols(1).supports('Link', 4)).toBe(true)
  })

  it('with the first IPv6 address of several', () => {
    const { relays } = parseConsensus(altered('m T7zEf', 'a 1.2.3.4:9\na [::2]:80\na [::3]:80\nm T7zEf'))
    expect(relays.ipv6(0)).toEqual({ host: '::2', port: 80 })
  })

  it('but flags that its header does not list do not count', () => {
    const header = altered(' Guard HSDir NoEd', ' HSDir NoEd')
    const { relays } = parseConsensus(header)
    expect(hasFlag(relays.flags[0] ?? 0, RelayFlag.Guard)).toBe(false)
    expect(hasFlag(relays.flags[0] ?? 0, RelayFlag.Exit)).toBe(true)
  })

  it('but signatures over digests that we do not know are left out', () => {
    const { signatures } = parseConsensus(
      altered('directory-signature sha256 3F85', 'directory-signature sha3-512 x 3F85'),
    )
    expect(signatures).toHaveLength(2)
  })
})

describe('a generated consensus of many relays', () => {
  const generated = generateDirectory({ relays: 700, authorities: 1 })

  it('comes out row by row as it went in', () => {
    const { relays } = parseConsensus(generated.consensus)
    expect(relays.count).toBe(700)
    for (const [row, relay] of generated.relays.entries()) {
      expect(relays.nickname(row)).toBe(relay.nickname)
      expect(relays.rsaIds.subarray(row * 20, row * 20 + 20)).toEqual(relay.identity)
      expect(relay.entry).toContain(`Bandwidth=${relays.bandwidths[row]}\n`)
      const ipv6 = relays.ipv6(row)
      if (ipv6 !== undefined) expect(relay.entry).toContain(`a [${ipv6.host}]:${ipv6.port}\n`)
      expect(relay.entry.includes('\na ')).toBe(ipv6 !== undefined)
      expect(relay.entry.includes('s Exit')).toBe(hasFlag(relays.flags[row] ?? 0, RelayFlag.Exit))
    }
  })

  it('is parsed in several slices with the same result', () => {
    const slices = parseConsensusInSlices(generated.consensus)
    let count = 0
    for (;;) {
      const step = slices.next()
      if (step.done === true) {
        expect(step.value.relays.rsaIds).toEqual(parseConsensus(generated.consensus).relays.rsaIds)
        break
      }
      count++
    }
    expect(count).toBeGreaterThan(3)
  })

  it('does not keep the document', () => {
    const bytes = Buffer.from(generated.consensus)
    const consensus = parseConsensus(bytes)
    bytes.fill(0)
    expect(consensus.relays.nickname(0)).toBe('relay0')
    expect(consensus.signatures[0]?.signature.every((byte) => byte === 0)).toBe(false)
  })
})

describe('any bytes', () => {
  it('are a consensus or the typed error', () => {
    const isSafe = (bytes: Buffer): void => {
      try {
        parseConsensus(bytes)
      } catch (error) {
        expect(isTorError(error)).toBe(true)
      }
    }
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => isSafe(Buffer.from(bytes))))
    const place = fc.nat(CAPTURED.length - 1)
    fc.assert(
      fc.property(place, fc.nat(40), fc.string({ maxLength: 12 }), (at, cut, text) => {
        isSafe(Buffer.from(CAPTURED.slice(0, at) + text + CAPTURED.slice(at + cut), 'latin1'))
      }),
      { numRuns: 400 },
    )
  })
})
