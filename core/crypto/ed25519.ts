/**
 * Ed25519 verification, strict and cofactorless, so that every implementation that checks the same bytes agrees: S is
 * below the group order, and neither the key nor R is non-canonical or of small order. All inputs are public.
 */
import { createPublicKey, verify } from 'node:crypto'
import { asBuffer } from '../util/bytes.ts'

export const ED25519_KEY_BYTES = 32
export const ED25519_SIGNATURE_BYTES = 64

/** The order of the base point, 2^252 + 27742317777372353535851937790883648493, little-endian. */
const GROUP_ORDER = Buffer.from('edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010', 'hex')

/** 2^255 - 19, little-endian: y coordinates are below it. */
const FIELD_PRIME = Buffer.from('edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f', 'hex')

/** The y coordinates of the points of order 1, 2, 4 and 8; both signs of x belong to each. */
const SMALL_ORDER_Y = [
  '0100000000000000000000000000000000000000000000000000000000000000',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  '0000000000000000000000000000000000000000000000000000000000000000',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
].map((hex) => Buffer.from(hex, 'hex'))

/** Whether `signature` (64 bytes) is the key's (32 bytes) over `message`. False for wrong lengths too. */
export function verifyEd25519(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  if (publicKey.length !== ED25519_KEY_BYTES || signature.length !== ED25519_SIGNATURE_BYTES) return false
  if (!isStrictPoint(publicKey) || !isStrictPoint(signature.subarray(0, 32))) return false
  if (!isBelow(signature.subarray(32), GROUP_ORDER)) return false
  try {
    const x = asBuffer(publicKey).toString('base64url')
    const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' })
    return verify(null, message, key, signature)
  } catch {
    // A key that is no point of the curve: some libraries say so at import, others at use.
    return false
  }
}

function isStrictPoint(encoded: Uint8Array): boolean {
  const y = Buffer.from(encoded)
  y[31] = (encoded[31] as number) & 0x7f
  return isBelow(y, FIELD_PRIME) && !SMALL_ORDER_Y.some((small) => small.equals(y))
}

/** Compares 32-byte little-endian numbers. */
function isBelow(number: Uint8Array, limit: Uint8Array): boolean {
  for (let index = 31; index >= 0; index--) {
    const difference = (number[index] as number) - (limit[index] as number)
    if (difference !== 0) return difference < 0
  }
  return false
}
