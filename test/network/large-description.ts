/** A network of the real one's size and shape: weights over four orders of magnitude, operators with families, countries. */
import { randomBelow, type Random } from '../../core/util/random.ts'
import type { RelayDescription, RelayFlagName } from './relays/relay-description.ts'
import type { NetworkDescription } from './tor-in-process.ts'

const HOUR_MS = 3_600_000
const AUTHORITIES = 9
const FAMILY_SIZE = 10
/** Of a hundred relays. */
const GUARDS = 55
const EXITS = 28
const IN_FAMILIES = 40
const COUNTRIES = 'de us nl fr fi pl ch se gb ca ro at lu no dk cz ua is jp sg'.split(' ')
const EXIT_POLICIES = [
  'accept 1-24,26-65535',
  'accept 80,443',
  'accept 20-23,43,53,79-81,88,110,143,194,220,389,443,464-465,531,543-544,554,563,587,636,706,749,873,902-904,981,989-995,1194,1220,1293,1500,1533,1677,1723,1755,1863,2082-2083,2086-2087,2095-2096,2102-2104,3128,3389,3690,4321,4643,5050,5190,5222-5223,5228,5900,6660-6669,6679,6697,8000,8008,8074,8080,8082,8087-8088,8332-8333,8443,8888,9418,9999-10000,11371,19294,19638,50002,64738',
]

export function describeLargeNetwork(relays: number, random: Random): NetworkDescription {
  return {
    consensusIntervalMs: HOUR_MS,
    relays: Array.from({ length: relays }, (_, at) => describeRelay(at, random)),
  }
}

function describeRelay(at: number, random: Random): RelayDescription {
  const isAuthority = at < AUTHORITIES
  const isGuard = !isAuthority && randomBelow(random, 100) < GUARDS
  const isExit = !isAuthority && randomBelow(random, 100) < EXITS
  const flags: RelayFlagName[] = [
    ...(isAuthority ? (['Authority'] as const) : []),
    ...(isExit ? (['Exit'] as const) : []),
    ...(isGuard ? (['Guard', 'HSDir'] as const) : []),
    'Fast',
    'Running',
    'Stable',
    'V2Dir',
    'Valid',
  ]
  const first = at - (at % FAMILY_SIZE)
  const hasFamily = !isAuthority && first > 0 && (first / FAMILY_SIZE) % 100 < IN_FAMILIES
  return {
    nickname: `relay${at}`,
    address: addressOf(at),
    orPort: 0,
    flags,
    bandwidth: isAuthority ? 20 : drawWeight(random),
    country: COUNTRIES[randomBelow(random, COUNTRIES.length)] ?? 'de',
    ...(isExit && { exitPorts: EXIT_POLICIES[randomBelow(random, EXIT_POLICIES.length)] ?? 'accept 80,443' }),
    ...(hasFamily && {
      family: Array.from({ length: FAMILY_SIZE }, (_, member) => `relay${first + member}`),
    }),
  }
}

/** Every relay another address, spread over all networks of loopback. */
function addressOf(at: number): string {
  const net = 1 + (at % 250)
  const row = Math.floor(at / 250)
  return `127.${net}.${1 + (row >> 6)}.${1 + (row & 63)}`
}

/** Few have much, many have little. */
function drawWeight(random: Random): number {
  const magnitude =
    (randomBelow(random, 1_000) + randomBelow(random, 1_000) + randomBelow(random, 1_000)) / 3_000
  return Math.max(1, Math.round(10 ** (1 + 4 * magnitude)))
}
