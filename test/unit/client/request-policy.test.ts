import { afterEach, describe, expect, it } from 'vitest'
import { isolationKey } from '../../../core/circuit-manager/isolation.ts'
import { toStreamOptions } from '../../../core/client/connect-options.ts'
import { parseStreamTarget } from '../../../core/client/stream-target.ts'
import { fakeIdentity } from '../../support/fake-net-dir.ts'
import { type ServedNetwork, serveNetwork } from './stream-service-support.ts'

let served: ServedNetwork

afterEach(async () => {
  await served.network.close()
})

async function open(host: string, port = 443, key = 'a'): Promise<void> {
  served.network.script.service = (stream) => stream.connect(Buffer.alloc(0))
  const isolation = { key: isolationKey([key]), keepsAlive: key === 'kept' }
  const stream = await served.service.openStream(parseStreamTarget(host, port), { isolation })
  stream.destroy()
}

describe('a request for a site with a policy', () => {
  it('is refused in words when the site is blocked, whichever host of it, for streams and look-ups', async () => {
    served = await serveNetwork()
    await served.sites.set('ads.example', { isBlocked: true })
    const refused = { kind: 'blocked', message: 'the site is blocked by your own choice' }
    await expect(open('ads.example')).rejects.toMatchObject(refused)
    await expect(open('cdn.ads.example')).rejects.toMatchObject(refused)
    await expect(served.service.resolve('www.ads.example')).rejects.toMatchObject(refused)
    expect(served.usages).toEqual([])
    await open('other.example')
  })

  it('is refused also when another name is mapped to the blocked site', async () => {
    served = await serveNetwork({ addressMap: [{ from: 'nice.example', to: 'cdn.ads.example' }] })
    await served.sites.set('ads.example', { isBlocked: true })
    await expect(open('nice.example')).rejects.toMatchObject({ kind: 'blocked' })
  })

  it('demands the country, or the pinned exit, of its circuit', async () => {
    served = await serveNetwork()
    const exit = fakeIdentity(9)
    await served.sites.set('a.example', { exitCountry: 'de' })
    await served.sites.set('b.example', { pin: { exit, untilMs: served.clock.wallMs() + 1_000 } })
    await open('www.a.example')
    await open('www.b.example')
    served.clock.jump(1_000)
    await open('www.b.example')
    expect(served.usages.map((usage) => [usage.site, usage.exitCountry, usage.exit])).toEqual([
      ['a.example', 'de', undefined],
      ['b.example', undefined, exit],
      ['b.example', undefined, undefined],
    ])
  })
})

describe('a request', () => {
  it('demands stable relays for long-lived ports, and says whether its isolation keeps circuits alive', async () => {
    served = await serveNetwork()
    await open('irc.example', 6667)
    await open('web.example', 443, 'kept')
    expect(served.usages.map(({ needsStable, keepsAlive }) => [needsStable, keepsAlive])).toEqual([
      [true, false],
      [false, true],
    ])
  })

  it('is refused in words while the network is disabled', async () => {
    served = await serveNetwork({ isNetworkDisabled: true })
    const refused = { kind: 'no-path', message: 'the network is disabled (DisableNetwork)' }
    await expect(open('a.example')).rejects.toMatchObject(refused)
    await expect(served.service.resolve('a.example')).rejects.toMatchObject(refused)
  })
})

describe('a new identity', () => {
  it('shares no circuit with a request that the old one is still waiting for', async () => {
    served = await serveNetwork()
    const isolation = { key: isolationKey(['a']), keepsAlive: false }
    let isFirst = true
    served.network.script.service = (stream) => {
      if (isFirst) {
        served.service.forgetIdentity()
        stream.end(4)
      } else stream.connect(Buffer.alloc(0))
      isFirst = false
    }
    const late = await served.service.openStream(parseStreamTarget('late.example', 443), { isolation })
    late.destroy()
    await open('new.example')
    await open('new.example')
    const keys = served.usages.map((usage) => usage.isolation)
    expect(keys[1]).toBe(keys[0])
    expect(keys[2]).not.toBe(keys[0])
    expect(keys[3]).toBe(keys[2])
  })
})

describe('TrackHostExits', () => {
  it('keeps a host at the exit that served it, within its isolation and for its time', async () => {
    served = await serveNetwork({ trackHostExits: ['.tracked.example'], trackHostExitsExpireMs: 60_000 })
    await open('www.tracked.example')
    await open('www.tracked.example')
    await open('www.tracked.example', 443, 'another identity')
    await open('tracked.example')
    await open('other.example')
    await open('other.example')
    served.clock.advance(60_000)
    await open('www.tracked.example')
    const first = fakeIdentity(1)
    expect(served.usages.map(({ exit }) => exit)).toEqual([
      undefined,
      first,
      undefined,
      undefined,
      undefined,
      undefined,
      undefined,
    ])
  })

  it('hands nothing from a request of the old identity to the new one, however late it is served', async () => {
    served = await serveNetwork({ trackHostExits: ['tracked.example'] })
    served.network.script.service = (stream) => {
      served.tracked.clear()
      stream.connect(Buffer.alloc(0))
    }
    const isolation = { key: isolationKey(['a']), keepsAlive: false }
    const stream = await served.service.openStream(parseStreamTarget('tracked.example', 443), { isolation })
    stream.destroy()
    await open('tracked.example')
    expect(served.usages.map(({ exit }) => exit)).toEqual([undefined, undefined])
  })

  it('lets go of an exit that does not serve any more', async () => {
    served = await serveNetwork({ trackHostExits: ['tracked.example'] })
    await open('tracked.example')
    let isFirst = true
    served.network.script.service = (stream) => {
      if (isFirst) stream.end(4)
      else stream.connect(Buffer.alloc(0))
      isFirst = false
    }
    const isolation = { key: isolationKey(['a']), keepsAlive: false }
    const stream = await served.service.openStream(parseStreamTarget('tracked.example', 443), { isolation })
    stream.destroy()
    expect(served.usages.at(1)?.exit).toBe(fakeIdentity(1))
    expect(served.usages.at(-1)?.exit).toBeUndefined()
  })
})

describe("the library's own streams", () => {
  it('are kept apart by site, unless that is not wanted, and from every front door', () => {
    const keyFor = (host: string, options = {}): string | undefined =>
      toStreamOptions({ host }, options).isolation?.key
    expect(keyFor('www.a.example')).toBe(keyFor('a.example'))
    expect(keyFor('a.example')).not.toBe(keyFor('b.example'))
    expect(keyFor('a.example', { isolateBySite: false })).toBe(keyFor('b.example', { isolateBySite: false }))
    expect(keyFor('a.example', { isolation: 'x' })).not.toBe(keyFor('a.example', { isolation: 'y' }))
    expect(keyFor('a.example', { isolation: ['x', 'y'] })).not.toBe(keyFor('a.example', { isolation: 'xy' }))
    const forged = keyFor('b.example', { isolation: ['a.example'], isolateBySite: false })
    expect(forged).not.toBe(keyFor('a.example'))
  })
})
