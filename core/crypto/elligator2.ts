/**
 * X25519 keys that cannot be told from random bytes on the wire: Elligator 2 (Bernstein et al., 2013; the map of RFC
 * 9380 6.7.1 with Z = 2). Three things give a careless encoding away, and none of them is left out: the public key gets
 * a random point of low order, because keys in the prime-order subgroup have representatives that are recognized by
 * decoding them; of the two representatives either may come; the two bits that the field has no use for are random.
 *
 * The private key never meets BigInt. node:crypto multiplies, in constant time; what is computed here is made of the
 * public key and random bits. That the sign of the public point is unknown then does not matter: it would only decide
 * which point of low order is added, and that one is drawn at random from all eight.
 */
import { type Random, randomBytes } from '../util/random.ts'
import { TorError } from '../util/errors.ts'
import { decodeField, encodeField, FIELD_BYTES, invert, isSquare, mod, P, sqrt } from './field25519.ts'
import { generateX25519KeyPair } from './x25519.ts'

export const REPRESENTATIVE_BYTES = 32

/** v^2 = u^3 + A u^2 + u */
const A = 486662n
/** -x^2 + y^2 = 1 + D x^2 y^2, birationally equivalent to it. */
const D = mod(-121665n * invert(121666n))
const SQRT_MINUS_A_MINUS_2 = sqrt(-486664n) ?? 0n

/** Half of all keys have a representative: so many without one in a row do not happen. */
const MAX_DRAWS = 256

interface Point {
  readonly x: bigint
  readonly y: bigint
}

/** A point of order eight; its multiples are all the points of low order. */
const LOW_ORDER_GENERATOR: Point = {
  x: decodeField(Buffer.from('4ad145c54646a1de38e2e513703c195cbb4ade38329933e9284a3906a0b9d51f', 'hex')),
  y: decodeField(Buffer.from('26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05', 'hex')),
}
const NEUTRAL: Point = { x: 0n, y: 1n }
const LOW_ORDER_POINTS = multiplesOf(LOW_ORDER_GENERATOR, 8)

export interface RepresentableKeyPair {
  /** What the representative stands for: not the public key that X25519 has, but the other side's secret is the same. */
  readonly publicKey: Buffer
  readonly representative: Buffer
  readonly agree: (peerPublicKey: Uint8Array) => Buffer
}

/** Draws keys until one has a representative. */
export function generateRepresentableKeyPair(random: Random): RepresentableKeyPair {
  for (let draw = 0; draw < MAX_DRAWS; draw++) {
    const pair = generateX25519KeyPair(random)
    const [choices = 0, tweak = 0] = randomBytes(random, 2)
    const publicKey = addLowOrderPoint(pair.publicKey, choices)
    const representative = representativeOf(publicKey, tweak)
    if (representative !== undefined) return { publicKey, representative, agree: (peer) => pair.agree(peer) }
  }
  throw new TorError('internal', 'no key with a representative was drawn')
}

/** The public key that 32 bytes of the wire stand for; every value stands for one. */
export function publicKeyOfRepresentative(representative: Uint8Array): Buffer {
  const bytes = Buffer.from(representative)
  bytes.writeUInt8(bytes.readUInt8(FIELD_BYTES - 1) & 0x3f, FIELD_BYTES - 1)
  const r = decodeField(bytes)
  // 2 is no square, so the denominator is never zero.
  const d = mod(-A * invert(1n + 2n * r * r))
  return encodeField(isSquare(curveEquation(d)) ? d : mod(-d - A))
}

/** The low three bits of `choices` choose the point, the fourth the sign of the public one. */
export function addLowOrderPoint(publicKey: Uint8Array, choices: number): Buffer {
  const u = decodeField(publicKey)
  const point = toEdwards(u, (choices & 8) !== 0)
  const sum = addPoints(point, LOW_ORDER_POINTS[choices & 7] ?? NEUTRAL)
  return encodeField(mod((1n + sum.y) * invert(1n - sum.y)))
}

/**
 * Undefined when there is none. Bit 0 of `tweak` says which of the two, bits 6 and 7 become those that the field does not
 * use.
 */
export function representativeOf(publicKey: Uint8Array, tweak: number): Buffer | undefined {
  const u = decodeField(publicKey)
  const root = sqrt(-2n * u * (u + A))
  // A key of zero, or of -A, has one representative at most, and no honest draw gives it.
  if (root === undefined || root === 0n) return undefined
  const r = mod(((tweak & 1) === 0 ? u : u + A) * invert(root))
  const representative = encodeField(r > (P - 1n) / 2n ? P - r : r)
  const top = FIELD_BYTES - 1
  representative.writeUInt8(representative.readUInt8(top) | (tweak & 0xc0), top)
  return representative
}

function curveEquation(u: bigint): bigint {
  return mod(u * (u * u + A * u + 1n))
}

/** RFC 7748 4.1. */
function toEdwards(u: bigint, isNegated: boolean): Point {
  const v = sqrt(curveEquation(u))
  if (v === undefined) throw new TorError('internal', 'a public key of ours is not on the curve')
  const x = mod(SQRT_MINUS_A_MINUS_2 * u * invert(isNegated ? -v : v))
  return { x, y: mod((u - 1n) * invert(u + 1n)) }
}

/** RFC 8032 5.1.4; complete: no case is special. */
function addPoints(p: Point, q: Point): Point {
  const product = mod(D * p.x * q.x * p.y * q.y)
  return {
    x: mod((p.x * q.y + p.y * q.x) * invert(1n + product)),
    y: mod((p.y * q.y + p.x * q.x) * invert(1n - product)),
  }
}

function multiplesOf(generator: Point, count: number): Point[] {
  const points = [NEUTRAL]
  while (points.length < count) points.push(addPoints(points.at(-1) ?? NEUTRAL, generator))
  return points
}
