/** A whole synthetic directory: consensus, authority certificates and microdescriptors that verify like real ones. */
import { createHash } from 'node:crypto'
import type { RsaIdentity } from '../../core/linkspec/relay-ids.ts'
import { writeUnsignedConsensus } from './consensus-writer.ts'
import { seededRandom } from './seeded-random.ts'
import { TestAuthority, formatObject, signConsensus } from './test-authority.ts'

export interface DirectoryOptions {
  readonly relays: number
  /** Default 9. RSA keys are made at run time, some 100 ms an authority. */
  readonly authorities?: number
  /** How many of them sign; default all. */
  readonly signers?: number
  readonly seed?: number
  readonly validAfterMs?: number
  readonly params?: string
}

export interface GeneratedRelay {
  readonly nickname: string
  readonly identity: Buffer
  readonly microdescriptor: string
  /** The relay's lines in the consensus. */
  readonly entry: string
}

export interface GeneratedDirectory {
  readonly consensus: Buffer
  /** The consensus up to its signatures, to change and sign again. */
  readonly unsigned: string
  readonly certs: Buffer
  /** All microdescriptors, concatenated in consensus order. */
  readonly microdescriptors: Buffer
  readonly relays: readonly GeneratedRelay[]
  readonly authorities: readonly TestAuthority[]
  readonly trustedV3Idents: readonly RsaIdentity[]
  readonly validAfterMs: number
}

/** 2026-11-22 15:00:00 UTC. */
export const GENERATED_VALID_AFTER_MS = 1_795_359_600_000

const PROTOCOLS = [
  'Conflux=1 Cons=1-2 Desc=1-4 DirCache=2 FlowCtrl=1-2 HSDir=2 HSIntro=4-5 HSRend=1-2 Link=3-5 LinkAuth=3 Microdesc=1-3 Padding=2 Relay=2-6',
  'Cons=1-2 Desc=1-2 DirCache=2 FlowCtrl=1 HSDir=2 HSIntro=3-5 HSRend=1-2 Link=1-5 LinkAuth=1,3 Microdesc=1-2 Padding=2 Relay=1-3',
]
const EXIT_PORTS =
  '20-21,22-23,43,53,79-81,88,110,143,194,220,389,443,464-465,531,543-544,554,563,587,636,706,749,873,902-904,981,989-995,1194,1220,1293,1500,1533,1677,1723,1755,1863,2082-2083,2086-2087,2095-2096,2102-2104,3128,3389,3690,4321,4643,5050,5190,5222-5223,5228,5900,6660-6669,6679,6697,8000,8008,8074,8080,8082,8087-8088,8332-8333,8443,8888,9418,9999-10000,11371,19294,19638,50002,64738'

/** Sizes are those of the real network: some 360 bytes a relay in the consensus, 550 a microdescriptor. */
export function generateDirectory(options: DirectoryOptions): GeneratedDirectory {
  const { relays: count, authorities: authorityCount = 9, seed = 1 } = options
  const validAfterMs = options.validAfterMs ?? GENERATED_VALID_AFTER_MS
  const authorities = Array.from({ length: authorityCount }, (_, at) => new TestAuthority(`auth${at}`))
  const relays = generateRelays(count, seed)
  const unsigned = writeUnsignedConsensus({
    validAfterMs,
    authorities,
    entries: relays.map((relay) => relay.entry),
    ...(options.params !== undefined && { params: options.params }),
  })
  const certs = authorities.map((authority) => authority.certificate(validAfterMs)).join('')
  return {
    consensus: signConsensus(unsigned, authorities.slice(0, options.signers ?? authorityCount)),
    unsigned,
    certs: Buffer.from(certs, 'latin1'),
    microdescriptors: Buffer.from(relays.map((relay) => relay.microdescriptor).join(''), 'latin1'),
    relays,
    authorities,
    trustedV3Idents: authorities.map((authority) => authority.identity),
    validAfterMs,
  }
}

/** Draws bytes of one seeded stream. */
class Draws {
  readonly #random
  constructor(seed: number) {
    this.#random = seededRandom(seed)
  }

  bytes(length: number): Buffer {
    return this.#random.fill(Buffer.alloc(length))
  }

  below(bound: number): number {
    return this.bytes(4).readUInt32BE() % bound
  }
}

function generateRelays(count: number, seed: number): GeneratedRelay[] {
  const draws = new Draws(seed)
  const identities = Array.from({ length: count }, () => draws.bytes(20)).sort((a, b) => a.compare(b))
  return identities.map((identity, row) => {
    // A quarter of the network is in families of ten, whose members list each other.
    const first = row - (row % 10)
    const isFamily = (first / 10) % 4 === 0
    const family = isFamily ? identities.slice(first, first + 10).map((id) => `$${hexOf(id)}`) : []
    return generateRelay(draws, identity, `relay${row}`, family)
  })
}

function generateRelay(
  draws: Draws,
  identity: Buffer,
  nickname: string,
  family: readonly string[],
): GeneratedRelay {
  const kind = draws.below(100)
  const isExit = kind < 25
  const isGuard = kind % 2 === 0
  const microdescriptor = generateMicrodescriptor(draws, isExit, family)
  const flags = [
    ...(isExit ? ['Exit'] : []),
    'Fast',
    ...(isGuard ? ['Guard', 'HSDir'] : []),
    'Running',
    'Stable',
    'V2Dir',
    'Valid',
  ]
  const address = `${1 + draws.below(222)}.${draws.below(256)}.${draws.below(256)}.${1 + draws.below(254)}`
  const ipv6 =
    draws.below(100) < 40 ? `a [2001:${draws.below(65_536).toString(16)}:1::${1 + draws.below(9)}]:443\n` : ''
  const digest = createHash('sha256').update(microdescriptor, 'latin1').digest()
  const entry = [
    `r ${nickname} ${base64(identity)} 2038-01-01 00:00:00 ${address} ${draws.below(2) === 0 ? 443 : 9001} 0\n${ipv6}`,
    `m ${base64(digest)}\n`,
    `s ${flags.join(' ')}\n`,
    'v Tor 0.4.9.11\n',
    `pr ${PROTOCOLS[kind < 95 ? 0 : 1] ?? ''}\n`,
    `w Bandwidth=${1 + draws.below(100_000)}\n`,
  ].join('')
  return { nickname, identity, microdescriptor, entry }
}

function generateMicrodescriptor(draws: Draws, isExit: boolean, family: readonly string[]): string {
  // The shape and size of the key of the retired TAP handshake, which clients step over.
  const tapKey = formatObject('RSA PUBLIC KEY', draws.bytes(140))
  return [
    `onion-key\n${tapKey}\nntor-onion-key ${base64(draws.bytes(32))}\n`,
    family.length > 1 ? `family ${family.join(' ')}\n` : '',
    isExit ? `p accept ${EXIT_PORTS}\n` : '',
    isExit && draws.below(2) === 0 ? 'p6 accept 80,443\n' : '',
    `id ed25519 ${base64(draws.bytes(32))}\n`,
  ].join('')
}

function base64(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '')
}

function hexOf(bytes: Buffer): string {
  return bytes.toString('hex').toUpperCase()
}
