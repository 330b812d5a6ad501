import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { calibrateCrypto, describeCalibration } from '../../../core/crypto/calibration.ts'
import { choosePrimitives, chosenPrimitives } from '../../../core/crypto/chosen-primitives.ts'
import { nodePrimitives } from '../../../core/crypto/node-primitives.ts'
import { portablePrimitives } from '../../../core/crypto/portable-primitives.ts'
import type { Primitives } from '../../../core/crypto/primitives.ts'
import type { Clock } from '../../../core/util/clock.ts'
import { isTorError } from '../../../core/util/errors.ts'

/** Time that passes only where a test's implementation works. */
let nowMs = 0
const clock: Clock = {
  wallMs: () => 0,
  monotonicMs: () => (nowMs += 0.0005),
  setTimer: () => ({ cancel: () => {} }),
  atTurnEnd: () => {},
}

/** The primitives with each piece of work taking as long as this many megabytes a second would. */
function atSpeed(primitives: Primitives, megabytesPerSecond: number): Primitives {
  const work = (bytes: number): void => {
    nowMs += bytes / 1000 / megabytesPerSecond
  }
  const total = (parts: readonly Uint8Array[]): number => parts.reduce((sum, part) => sum + part.length, 0)
  return {
    createAesCtr(key, byteOffset) {
      const cipher = primitives.createAesCtr(key, byteOffset)
      return {
        update(bytes) {
          work(bytes.length)
          return cipher.update(bytes)
        },
        final: () => cipher.final(),
      }
    },
    createRunningSha1() {
      const running = primitives.createRunningSha1()
      function digest(): Buffer
      function digest(encoding: 'binary'): string
      function digest(encoding?: 'binary'): Buffer | string {
        return encoding === undefined ? running.digest() : running.digest(encoding)
      }
      return {
        update(bytes) {
          work(bytes.length)
          running.update(bytes)
        },
        copy: () => running.copy(),
        digest,
      }
    },
    sha3: {
      sha3_256(parts) {
        work(total(parts))
        return primitives.sha3.sha3_256(parts)
      },
      shake256(length, parts) {
        work(total(parts))
        return primitives.sha3.shake256(length, parts)
      },
    },
  }
}

const missing = (): never => {
  throw new Error('Digest method not supported')
}
const brokenAes: Primitives['createAesCtr'] = (key, byteOffset) => {
  const cipher = nodePrimitives.createAesCtr(key, byteOffset)
  // Right for a block at a time, wrong when a call ends within one.
  return {
    update: (bytes) => (bytes.length % 16 === 0 ? cipher.update(bytes) : Buffer.alloc(bytes.length)),
    final: () => {},
  }
}

const before = chosenPrimitives()
beforeEach(() => {
  nowMs = 0
})
afterEach(() => choosePrimitives(before))

describe('the choice', () => {
  test('falls on a healthy node:crypto without trying anything else', () => {
    const node = atSpeed(nodePrimitives, 1000)
    const portable = { ...portablePrimitives, createAesCtr: missing, createRunningSha1: missing }
    const report = calibrateCrypto(clock, { node, portable })
    expect(report.primitives.map(({ chosen }) => chosen)).toEqual(['node', 'node', 'node'])
    expect(report.primitives.map(({ megabytesPerSecond }) => megabytesPerSecond.portable)).toEqual(
      Array(3).fill('not tried'),
    )
    expect(chosenPrimitives().createAesCtr).toBe(node.createAesCtr)
    expect(chosenPrimitives().createRunningSha1).toBe(node.createRunningSha1)
    expect(chosenPrimitives().sha3).toBe(node.sha3)
  })

  test('falls on the portable code where node:crypto lost the hardware', () => {
    const portable = atSpeed(portablePrimitives, 90)
    const report = calibrateCrypto(clock, { node: atSpeed(nodePrimitives, 28), portable })
    expect(report.primitives[0]?.chosen).toBe('portable')
    expect(report.primitives[0]?.megabytesPerSecond.node).toBeCloseTo(28, 0)
    expect(chosenPrimitives().createAesCtr).toBe(portable.createAesCtr)
  })

  test('stays with node:crypto when the portable code is faster by little, for it is not constant time', () => {
    const node = atSpeed(nodePrimitives, 70)
    const report = calibrateCrypto(clock, { node, portable: atSpeed(portablePrimitives, 90) })
    expect(report.primitives[0]?.chosen).toBe('node')
    expect(chosenPrimitives().createAesCtr).toBe(node.createAesCtr)
  })

  test('falls on the portable SHA-3 where node:crypto has none, and on node:crypto for the rest', () => {
    const sha3 = { sha3_256: missing, shake256: missing }
    const node = { ...atSpeed(nodePrimitives, 1000), sha3 }
    const report = calibrateCrypto(clock, { node, portable: portablePrimitives })
    expect(report.primitives.map(({ chosen }) => chosen)).toEqual(['node', 'node', 'portable'])
    expect(report.primitives[2]?.megabytesPerSecond.node).toBe('unusable')
    expect(chosenPrimitives().sha3).toBe(portablePrimitives.sha3)
  })

  test('never falls on an implementation that gives a wrong answer, however fast', () => {
    const node = { ...atSpeed(nodePrimitives, 1000), createAesCtr: brokenAes }
    const report = calibrateCrypto(clock, { node, portable: atSpeed(portablePrimitives, 1) })
    expect(report.primitives[0]).toMatchObject({
      chosen: 'portable',
      megabytesPerSecond: { node: 'unusable' },
    })
  })

  test('fails when nothing works', () => {
    const node = { ...nodePrimitives, createRunningSha1: missing }
    try {
      calibrateCrypto(clock, { node, portable: { ...portablePrimitives, createRunningSha1: missing } })
      expect.unreachable()
    } catch (error) {
      expect(isTorError(error, 'internal')).toBe(true)
    }
  })
})

test('a clock that stands still does not hold the start', () => {
  const report = calibrateCrypto({ ...clock, monotonicMs: () => 0 })
  expect(report.tookMs).toBe(0)
})

test('both real implementations pass the known answers, and the report reads as one line', () => {
  const slowNode = { node: atSpeed(nodePrimitives, 1), portable: atSpeed(portablePrimitives, 50) }
  const report = calibrateCrypto(clock, slowNode)
  expect(report.primitives.map(({ chosen }) => chosen)).toEqual(['portable', 'portable', 'portable'])
  expect(report.tookMs).toBeGreaterThan(0)
  expect(describeCalibration({ ...report, cipherCreationUs: 2 })).toMatch(
    /^AES-128-CTR by the portable code \(node 1 MB\/s, portable \d+ MB\/s\), SHA-1 by .*; a cipher takes 2\.0 us to make$/,
  )
})
