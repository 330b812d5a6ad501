import { describe, expect, it } from 'vitest'
import { NetworkWatch } from '../../../core/client/network-watch.ts'
import { TorError } from '../../../core/util/errors.ts'
import { seededRandom } from '../../support/seeded-random.ts'
import { countingClock } from '../directory/support/test-clock.ts'

function withCode(code: string): TorError {
  return new TorError('channel-failed', 'the channel failed', {
    cause: Object.assign(new Error(code), { code }),
  })
}

function watch(addresses = '192.0.2.1') {
  const clock = countingClock(0)
  const local = { addresses }
  let kicks = 0
  const network = new NetworkWatch({
    clock,
    random: seededRandom(1),
    localAddresses: () => local.addresses,
    onBack: () => kicks++,
  })
  return { clock, local, network, kicks: () => kicks }
}

function fail(network: NetworkWatch, code: string, times: number): void {
  for (let n = 0; n < times; n++) network.noteFailure(withCode(code))
}

describe('a network that is gone', () => {
  it('is told from a relay that is down: it takes three failures in a row', () => {
    const { network } = watch()
    fail(network, 'ENETUNREACH', 2)
    expect(network.state.value).toBe('unknown')
    network.noteSuccess()
    fail(network, 'ENETUNREACH', 2)
    expect(network.state.value).toBe('up')
    fail(network, 'ENETUNREACH', 1)
    expect(network.state.value).toBe('down')
    network.stop()
  })

  it('is told from one that blocks: refusals and silence come from somebody', () => {
    const { network } = watch()
    fail(network, 'ECONNREFUSED', 2)
    network.noteFailure(new TorError('timeout', 'the handshake took too long'))
    expect(network.state.value).toBe('blocked')
    network.stop()
  })

  it('is known from a computer without addresses, whatever the error', () => {
    const { network } = watch('')
    fail(network, 'ETIMEDOUT', 3)
    expect(network.state.value).toBe('down')
    network.stop()
  })

  it('is not seen in aborted attempts and wrong identities', () => {
    const { network } = watch()
    for (let n = 0; n < 9; n++) {
      network.noteFailure(new TorError('aborted', 'nobody waits'))
      network.noteFailure(new TorError('wrong-identity', 'another relay'))
    }
    expect(network.state.value).toBe('unknown')
  })

  it('is tried again as soon as this computer has other addresses', () => {
    const { clock, network, local, kicks } = watch('')
    fail(network, 'ENETUNREACH', 3)
    clock.advance(60_000)
    expect(kicks()).toBe(0)
    local.addresses = '192.0.2.7'
    clock.advance(8_000)
    expect(kicks()).toBe(1)
    network.noteSuccess()
    expect(clock.liveTimers()).toBe(0)
  })

  it('is tried again when a user asks, and not at the pace of an application that asks all the time', () => {
    const { clock, network, kicks } = watch()
    network.noteRequest()
    expect(kicks()).toBe(0)
    fail(network, 'ETIMEDOUT', 3)
    for (let second = 0; second < 60; second++) {
      network.noteRequest()
      clock.advance(1_000)
    }
    expect(kicks()).toBe(4)
    network.stop()
    expect(clock.liveTimers()).toBe(0)
  })
})

describe('another way to the network', () => {
  it('is not judged by how channels failed on the one before', () => {
    const { network } = watch()
    fail(network, 'ECONNREFUSED', 3)
    expect(network.state.value).toBe('blocked')
    network.restart()
    expect(network.state.value).toBe('unknown')
    fail(network, 'ECONNREFUSED', 2)
    expect(network.state.value).toBe('unknown')
    fail(network, 'ECONNREFUSED', 1)
    expect(network.state.value).toBe('blocked')
    network.stop()
  })
})
