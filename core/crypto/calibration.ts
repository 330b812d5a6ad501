/**
 * Chooses, in a few milliseconds at the start, the implementation of each primitive: some runtimes lack SHA-3, and some
 * run AES without the hardware, 170 times slower. Every candidate must give a known answer before it is measured.
 */
import type { Clock } from '../util/clock.ts'
import { TorError } from '../util/errors.ts'
import { choosePrimitives } from './chosen-primitives.ts'
import { nodePrimitives } from './node-primitives.ts'
import { portablePrimitives } from './portable-primitives.ts'
import type { AesCtrFactory, Primitives, RunningSha1Factory, Sha3Functions } from './primitives.ts'

export type Implementation = 'node' | 'portable'

/** A speed; or the candidate is missing or gave a wrong answer; or there was no reason to try it. */
export type MeasuredSpeed = number | 'unusable' | 'not tried'

/** What the candidates of one primitive measured. */
export interface PrimitiveReport {
  readonly primitive: PrimitiveName
  readonly chosen: Implementation
  readonly megabytesPerSecond: Readonly<Record<Implementation, MeasuredSpeed>>
}

export type PrimitiveName = 'AES-128-CTR' | 'SHA-1' | 'SHA-3'

export interface CalibrationReport {
  readonly primitives: readonly PrimitiveReport[]
  /** Making one cipher, in microseconds: tells whether one may be made per cell. */
  readonly cipherCreationUs: number
  readonly tookMs: number
}

export type Candidates = Readonly<Record<Implementation, Primitives>>

/** As much as the data path hands over at once: 31 cells, one SENDME increment. */
const BATCH_BYTES = 31 * 509

/** About what one hash of ntor-v3 takes in. */
const HANDSHAKE_HASH_BYTES = 256

/** Enough for several batches of a fast candidate, and bearable three to six times over. */
const MEASURE_MS = 0.3

/**
 * What the portable code needs until it is compiled and shows its real speed. Spent only when node:crypto works and is
 * slow, so that there is a race to decide.
 */
const WARM_UP_MS = 40

/** The best of a few rounds: the first ones pay for compilation, any may be interrupted. */
const LEAST_ROUNDS = 3

/**
 * Above it node:crypto is as it should be, and faster than the portable code can ever be: trying that would only cost
 * the start tens of milliseconds for its compilation. MB/s; SHA-3 is measured on short inputs.
 */
const HEALTHY_SPEED: Readonly<Record<PrimitiveName, number>> = {
  'AES-128-CTR': 250,
  'SHA-1': 200,
  'SHA-3': 5,
}

/** More tell nothing new, and a clock that stands still must not hold the start. */
const MOST_ROUNDS = 1000

/** node:crypto's AES is constant time and the portable one is not: it must lose clearly, not by noise. */
const CLEARLY_FASTER = 1.5

const CIPHERS_MADE = 8

/**
 * Measures, chooses for the whole process (see `chosen-primitives.ts`) and reports. Typically under 8 ms, and some 50
 * more for a primitive that node:crypto has but runs slowly. Throws `internal` when no implementation of a primitive
 * works: nothing can be done without it.
 */
export function calibrateCrypto(
  clock: Clock,
  candidates: Candidates = { node: nodePrimitives, portable: portablePrimitives },
): CalibrationReport {
  const pick = <K extends keyof Primitives>(name: K): Readonly<Record<Implementation, Primitives[K]>> => ({
    node: candidates.node[name],
    portable: candidates.portable[name],
  })
  const startMs = clock.monotonicMs()
  const aes = race(clock, 'AES-128-CTR', pick('createAesCtr'), isAesRight, aesRound)
  const sha1 = race(clock, 'SHA-1', pick('createRunningSha1'), isSha1Right, sha1Round)
  const sha3 = race(clock, 'SHA-3', pick('sha3'), isSha3Right, sha3Round)
  choosePrimitives({ createAesCtr: aes.winner, createRunningSha1: sha1.winner, sha3: sha3.winner })
  const cipherCreationUs = measureCreation(clock, aes.winner)
  return {
    primitives: [aes.report, sha1.report, sha3.report],
    cipherCreationUs,
    tookMs: clock.monotonicMs() - startMs,
  }
}

/** One line for the log. */
export function describeCalibration(report: CalibrationReport): string {
  const speed = (measured: MeasuredSpeed): string =>
    typeof measured === 'number' ? `${Math.round(measured)} MB/s` : measured
  const parts = report.primitives.map(
    ({ primitive, chosen, megabytesPerSecond: { node, portable } }) =>
      `${primitive} by ${chosen === 'node' ? 'node:crypto' : 'the portable code'} (node ${speed(node)}, portable ${speed(portable)})`,
  )
  return `${parts.join(', ')}; a cipher takes ${report.cipherCreationUs.toFixed(1)} us to make`
}

/** Does some work and returns how many bytes it was about. */
type Round<T> = (candidate: T) => () => number

function race<T>(
  clock: Clock,
  primitive: PrimitiveName,
  candidates: Readonly<Record<Implementation, T>>,
  isRight: (candidate: T) => boolean,
  round: Round<T>,
): { readonly winner: T; readonly report: PrimitiveReport } {
  const speedOf = (candidate: T, budgetMs: number): MeasuredSpeed =>
    isUsable(candidate, isRight) ? measure(clock, round(candidate), budgetMs) : 'unusable'
  const node = speedOf(candidates.node, MEASURE_MS)
  const isHealthy = typeof node === 'number' && node >= HEALTHY_SPEED[primitive]
  const portableMs = typeof node === 'number' ? WARM_UP_MS : MEASURE_MS
  const portable = isHealthy ? 'not tried' : speedOf(candidates.portable, portableMs)
  const chosen = choose(primitive, node, portable)
  return { winner: candidates[chosen], report: { primitive, chosen, megabytesPerSecond: { node, portable } } }
}

function isUsable<T>(candidate: T, isRight: (candidate: T) => boolean): boolean {
  try {
    return isRight(candidate)
  } catch {
    return false
  }
}

function choose(primitive: PrimitiveName, node: MeasuredSpeed, portable: MeasuredSpeed): Implementation {
  if (typeof node === 'number') {
    return typeof portable === 'number' && portable > node * CLEARLY_FASTER ? 'portable' : 'node'
  }
  if (typeof portable === 'number') return 'portable'
  throw new TorError('internal', `this runtime has no working ${primitive}`)
}

/** Megabytes a second of the best round. */
function measure(clock: Clock, round: () => number, budgetMs: number): number {
  let best = 0
  const startMs = clock.monotonicMs()
  let roundStartMs = startMs
  for (let rounds = 0; rounds < MOST_ROUNDS; rounds++) {
    if (rounds >= LEAST_ROUNDS && roundStartMs - startMs >= budgetMs) break
    const bytes = round()
    const nowMs = clock.monotonicMs()
    best = Math.max(best, bytes / 1000 / Math.max(nowMs - roundStartMs, 0.0001))
    roundStartMs = nowMs
  }
  return best
}

const aesRound: Round<AesCtrFactory> = (create) => {
  const cipher = create(Buffer.alloc(16), 0)
  const batch = Buffer.alloc(BATCH_BYTES)
  return () => cipher.update(batch).length
}

const sha1Round: Round<RunningSha1Factory> = (create) => {
  const running = create()
  const batch = Buffer.alloc(BATCH_BYTES)
  return () => {
    running.update(batch)
    running.copy().digest()
    return BATCH_BYTES
  }
}

const sha3Round: Round<Sha3Functions> = (sha3) => {
  const parts = [Buffer.alloc(HANDSHAKE_HASH_BYTES)]
  return () => {
    sha3.sha3_256(parts)
    sha3.shake256(64, parts)
    return 2 * HANDSHAKE_HASH_BYTES
  }
}

function measureCreation(clock: Clock, create: AesCtrFactory): number {
  const key = Buffer.alloc(16)
  const startMs = clock.monotonicMs()
  for (let made = 0; made < CIPHERS_MADE; made++) create(key, 0).final()
  return ((clock.monotonicMs() - startMs) * 1000) / CIPHERS_MADE
}

/** The key stream of zero keys (the zero-block answers of FIPS 197 ciphers), taken in two uneven pieces. */
function isAesRight(create: AesCtrFactory): boolean {
  const known = [
    [16, '66e94bd4ef8a2c3b884cfa59ca342b2e58e2fccefa7e3061367f1d57a4e7455a'],
    [32, 'dc95c078a2408989ad48a21492842087530f8afbc74536b9a963b4f1c4cb738b'],
  ] as const
  return known.every(([keyBytes, expected]) => {
    const cipher = create(Buffer.alloc(keyBytes), 0)
    const split = Buffer.concat([cipher.update(Buffer.alloc(5)), cipher.update(Buffer.alloc(27))])
    const offset = create(Buffer.alloc(keyBytes), 19).update(Buffer.alloc(13))
    return split.toString('hex') === expected && offset.equals(split.subarray(19))
  })
}

/** FIPS 180's "abc", with a copy taken half way. */
function isSha1Right(create: RunningSha1Factory): boolean {
  const running = create()
  running.update(Buffer.from('a'))
  const copy = running.copy()
  running.update(Buffer.from('elsewhere'))
  copy.update(Buffer.from('bc'))
  return copy.digest().toString('hex') === 'a9993e364706816aba3e25717850c26c9cd0d89d'
}

/** FIPS 202: "abc", and the empty input. */
function isSha3Right(sha3: Sha3Functions): boolean {
  const abc = sha3.sha3_256([Buffer.from('ab'), Buffer.from('c')]).toString('hex')
  const empty = sha3.shake256(32, []).toString('hex')
  return (
    abc === '3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532' &&
    empty === '46b9dd2b0ba88d13233b3feb743eeb243fcd52ea62b81b82b50c27646ed5762f'
  )
}
