import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type ClientParts, createClientParts } from '../../../core/client/client-parts.ts'
import { DEFAULT_CLIENT_CONFIG } from '../../../core/client/config.ts'
import { MemoryStateStore } from '../../../core/persist/memory-state-store.ts'
import { NO_OUTSIDE } from '../../../core/transport/outside.ts'
import { TorError } from '../../../core/util/errors.ts'
import { silentLogger } from '../../../core/util/log.ts'
import { rigDirectory } from '../../network/circuit-rig.ts'
import { ANY, connectPlaces, HOUR_MS, NEW_FAILURE, placesInUse, rsaAt } from '../../support/guard-bench.ts'
import { type ManualClock, manualClock } from '../../support/manual-clock.ts'
import { seededRandom } from '../../support/seeded-random.ts'

const netDir = rigDirectory()
const config = { ...DEFAULT_CLIENT_CONFIG, authorities: [], fallbackDirs: [] }

let clock: ManualClock
let parts: ClientParts

/** Whether new circuits begin at the guards that they began at before the outage. */
function isFirstInUse(): boolean {
  const places = placesInUse(parts.guards, netDir)
  return places.length > 0 && places.every((place) => place < 2)
}

/** A client that lost its first guards in an outage, and uses the next one that answered. */
beforeEach(async () => {
  clock = manualClock()
  const tools = { clock, random: seededRandom(5), log: silentLogger, outside: NO_OUTSIDE }
  parts = await createClientParts(config, tools, new MemoryStateStore())
  const { guards } = parts
  guards.pickGuard(netDir, ANY)
  for (const isUp of [true, false]) connectPlaces(guards, netDir, isUp, 0, 1)
  connectPlaces(guards, netDir, true, 2)
  expect(isFirstInUse()).toBe(false)
})

afterEach(async () => {
  parts.circuits.close()
  await parts.surroundings.close()
  parts.channels.close()
  await parts.guards.close()
})

describe('after time was lost', () => {
  it.each([
    ['slept', () => clock.jump(8 * HOUR_MS)],
    ['was set back', () => clock.jump(-8 * HOUR_MS)],
  ])('the first guard is tried again, when the computer %s', (_, loseTime) => {
    loseTime()
    parts.surroundings.noteRequest()
    expect(isFirstInUse()).toBe(true)
  })

  it('the guard’s failures of the next minute are not held against it either', () => {
    clock.jump(8 * HOUR_MS)
    const protectedGuards = parts.surroundings.protectGuards(parts.guards)
    protectedGuards.reportChannelAttempt(rsaAt(parts.guards, 0))
    protectedGuards.reportChannelFailure(rsaAt(parts.guards, 0), NEW_FAILURE)
    expect(isFirstInUse()).toBe(true)
  })
})

describe('nothing that comes from the network brings a guard back before its time', () => {
  it.each([
    [
      'a relay whose clock differs',
      () => parts.surroundings.noteRelayClock(9 * HOUR_MS, rsaAt(parts.guards, 5)),
    ],
    [
      'a consensus of another day',
      () =>
        parts.surroundings.noteClock({
          source: 'consensus',
          relay: rsaAt(parts.guards, 5),
          aheadMs: -48 * HOUR_MS,
          precision: 'at-least',
          isProof: true,
        }),
    ],
    [
      'channels that fail and then open',
      () => {
        const relay = rsaAt(parts.guards, 5)
        const error = new TorError('channel-failed', 'refused')
        for (let n = 0; n < 5; n++) parts.surroundings.noteChannel(relay, error)
        parts.surroundings.noteChannel(relay, undefined)
      },
    ],
    ['a request of a program', () => parts.surroundings.noteRequest()],
  ])('not %s', (_, event) => {
    event()
    expect(isFirstInUse()).toBe(false)
  })
})
