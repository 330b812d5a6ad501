/** What the watchdog and a look in between may say of the setting, and that neither hides what went wrong. */
import { describe, expect, it } from 'vitest'
import { failed } from './fake-system.ts'
import { FakeMacos, fakeService } from './fake-macos.ts'
import { DOOR, Rig, SYSTEMS } from './proxy-rig.ts'

const LOOK_MS = 5_000

describe.each(SYSTEMS)('the watchdog of the system proxy on %s', (_kind, makeSystem) => {
  it('goes on trying to put back the old settings when somebody looks at them meanwhile', async () => {
    for (const isChanged of [false, true]) {
      const rig = new Rig(makeSystem())
      const { proxy } = rig.start()
      await proxy.apply(DOOR)
      rig.system.isDeaf = true
      await expect(proxy.restore()).rejects.toMatchObject({ kind: 'proxy-not-restored' })
      rig.system.isDeaf = false
      if (isChanged) rig.system.chooseOwnProxy()
      expect(await proxy.readBack()).toBe(isChanged ? 'changed' : 'ours')
      expect(proxy.view).toMatchObject({ state: 'restore-failed', trouble: 'proxy-not-restored' })
      rig.clock.advance(30_000)
      await proxy.readBack()
      expect(proxy.view).toMatchObject({ state: 'off', trouble: undefined })
      expect(rig.system.leadsTo(9251)).toBe(false)
      expect(rig.disk.text).toBeUndefined()
    }
  })

  it('does not go on saying that the setting is in force when it cannot be read', async () => {
    const rig = new Rig(makeSystem())
    const { proxy } = rig.start()
    await proxy.apply(DOOR)
    rig.system.intercept = () => ({ hangs: true })
    // One look may fail for reasons that say nothing.
    rig.clock.advance(LOOK_MS)
    expect(await proxy.readBack()).toBe('unknown')
    expect(proxy.view.state).toBe('on')
    expect(await proxy.readBack()).toBe('unknown')
    expect(proxy.view).toMatchObject({ state: 'failed', trouble: 'proxy-tool-timeout' })
    rig.system.intercept = () => undefined
    rig.clock.advance(LOOK_MS)
    await expect.poll(() => proxy.view.state).toBe('on')
    expect(proxy.view.trouble).toBeUndefined()
  })

  it('says that something else changed the setting as soon as it can be read again', async () => {
    const rig = new Rig(makeSystem())
    const { proxy } = rig.start()
    await proxy.apply(DOOR)
    rig.system.intercept = () => ({ hangs: true })
    for (let looks = 0; looks < 3; looks++) await proxy.readBack()
    expect(proxy.view.state).toBe('failed')
    rig.system.intercept = () => undefined
    rig.system.chooseOwnProxy()
    expect(await proxy.readBack()).toBe('changed')
    expect(proxy.view.state).toBe('changed')
  })
})

describe('a network service of macOS that appears meanwhile', () => {
  function setUp() {
    const mac = new FakeMacos()
    return { mac, proxy: new Rig(mac).start().proxy }
  }

  it('is said to go past the proxy at once where it cannot be pointed at it, until it is tried again', async () => {
    const { mac, proxy } = setUp()
    await proxy.apply(DOOR)
    mac.services.set('iPhone USB', fakeService())
    mac.intercept = (line) =>
      line.includes(' -set') ? failed(14, '** Error: Command requires admin privileges.') : undefined
    expect(await proxy.readBack()).toBe('changed')
    expect(proxy.view).toMatchObject({ state: 'failed', trouble: 'proxy-denied' })
    mac.intercept = () => undefined
    expect(await proxy.readBack()).toBe('changed')
    expect(proxy.view.state).toBe('failed')
    await proxy.reapply()
    expect(proxy.view.state).toBe('on')
    expect(mac.services.get('iPhone USB')?.proxies.web.port).toBe('9251')
  })

  it('is not pointed at the proxy while the old settings are being put back', async () => {
    const { mac, proxy } = setUp()
    await proxy.apply(DOOR)
    mac.isDeaf = true
    await expect(proxy.restore()).rejects.toMatchObject({ kind: 'proxy-not-restored' })
    mac.isDeaf = false
    mac.services.set('iPhone USB', fakeService())
    await proxy.readBack()
    expect(mac.services.get('iPhone USB')?.proxies.web.enabled).toBe(false)
  })
})
