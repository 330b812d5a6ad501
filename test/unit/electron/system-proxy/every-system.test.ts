/** What holds on all four systems: applied means read back, and whatever happens, the old settings come back. */
import { describe, expect, it } from 'vitest'
import { runRestoreCommand } from '../../../../electron/system-proxy/restore-command.ts'
import { DOOR, Rig, SYSTEMS } from './proxy-rig.ts'

/** Enough for the longest way on any of the systems; a run that does not crash any more ends the search. */
const MAX_STEPS = 400

describe.each(SYSTEMS)('the system proxy on %s', (kind, makeSystem) => {
  it('is applied, read back, and put back exactly as it was', async () => {
    const rig = new Rig(makeSystem())
    const before = rig.system.state()
    const { proxy, views } = rig.start()
    await proxy.restoreLeftovers()
    await proxy.apply(DOOR)
    expect(proxy.view).toMatchObject({ backend: kind, state: 'on', trouble: undefined })
    expect(rig.system.state()).not.toEqual(before)
    expect(rig.system.leadsTo(9251)).toBe(true)
    expect(await proxy.readBack()).toBe('ours')
    await proxy.restore()
    expect(proxy.view.state).toBe('off')
    expect(rig.system.state()).toEqual(before)
    expect(rig.disk.text).toBeUndefined()
    expect([...new Set(views.map((view) => view.state))]).toEqual(['off', 'applying', 'on', 'restoring'])
  })

  it('is on the disk before the first setting is changed', async () => {
    const rig = new Rig(makeSystem())
    const before = rig.system.state()
    let atWrite: unknown
    rig.disk.onWrite = () => {
      atWrite ??= rig.system.state()
    }
    await rig.start().proxy.apply(DOOR)
    expect(atWrite).toEqual(before)
    expect(rig.disk.text).toContain('"previous"')
  })

  it('changes nothing when its journal cannot be written', async () => {
    const rig = new Rig(makeSystem())
    const before = rig.system.state()
    rig.disk.trouble = 'no space left on device'
    const { proxy } = rig.start()
    await expect(proxy.apply(DOOR)).rejects.toMatchObject({ kind: 'proxy-journal-failed' })
    expect(rig.system.state()).toEqual(before)
    expect(proxy.view).toMatchObject({ state: 'failed', trouble: 'proxy-journal-failed' })
  })

  it('a crash after any step of applying is put right by the next start', async () => {
    let wasWhole = false
    for (let steps = 0; steps < MAX_STEPS && !wasWhole; steps++) {
      const rig = new Rig(makeSystem())
      const before = rig.system.state()
      const first = rig.start()
      rig.crashAfter(steps)
      await first.proxy.apply(DOOR).then(
        () => (wasWhole = true),
        () => undefined,
      )
      const next = rig.start()
      await next.proxy.restoreLeftovers()
      expect(rig.system.state(), `killed after ${steps} steps`).toEqual(before)
      expect(rig.disk.text).toBeUndefined()
      expect(next.proxy.view.state).toBe('off')
    }
    expect(wasWhole).toBe(true)
  })

  it('a crash after any step of putting back is put right by the next start', async () => {
    let wasWhole = false
    for (let steps = 0; steps < MAX_STEPS && !wasWhole; steps++) {
      const rig = new Rig(makeSystem())
      const before = rig.system.state()
      const first = rig.start()
      await first.proxy.apply(DOOR)
      rig.crashAfter(steps)
      await first.proxy.restore().then(
        () => (wasWhole = true),
        () => undefined,
      )
      await rig.start().proxy.restoreLeftovers()
      expect(rig.system.state(), `killed after ${steps} steps`).toEqual(before)
      expect(rig.disk.text).toBeUndefined()
    }
    expect(wasWhole).toBe(true)
  })

  it('a crash, a start that crashes too, and another port between them lose nothing', async () => {
    const rig = new Rig(makeSystem())
    const before = rig.system.state()
    await rig.start().proxy.apply(DOOR)
    await rig.start().proxy.apply({ ...DOOR, port: 9300, exceptions: { loopback: false, lan: true } })
    const third = rig.start()
    rig.crashAfter(3)
    await third.proxy.restoreLeftovers()
    await rig.start().proxy.apply({ ...DOOR, port: 9400 })
    await rig.start().proxy.restoreLeftovers()
    expect(rig.system.state()).toEqual(before)
  })

  it('any command that hangs while it is applied leaves everything as it was', async () => {
    const trial = new Rig(makeSystem())
    await trial.start().proxy.apply(DOOR)
    for (const index of trial.system.takeLines().keys()) {
      const rig = new Rig(makeSystem())
      const before = rig.system.state()
      let count = -1
      rig.system.intercept = () => {
        count += 1
        return count === index ? { hangs: true } : undefined
      }
      const { proxy } = rig.start()
      await expect(proxy.apply(DOOR), `the command ${index} hangs`).rejects.toMatchObject({
        kind: 'proxy-tool-timeout',
      })
      expect(proxy.view).toMatchObject({ state: 'failed', trouble: 'proxy-tool-timeout' })
      expect(rig.system.state()).toEqual(before)
      expect(rig.disk.text).toBeUndefined()
    }
  })

  it('is refused where the tool says that all is well and nothing changed', async () => {
    const rig = new Rig(makeSystem())
    const before = rig.system.state()
    rig.system.isDeaf = true
    const { proxy } = rig.start()
    await expect(proxy.apply(DOOR)).rejects.toMatchObject({ kind: 'proxy-not-applied' })
    expect(proxy.view.state).toBe('failed')
    expect(rig.system.state()).toEqual(before)
    expect(rig.disk.text).toBeUndefined()
  })

  it('changes nothing where what is there cannot be read', async () => {
    const rig = new Rig(makeSystem())
    const before = rig.system.state()
    rig.system.intercept = () => 'garbage\u0000\u001b[2J'
    const { proxy } = rig.start()
    await expect(proxy.apply(DOOR)).rejects.toMatchObject({ kind: /proxy-(?:unreadable|not-applied)/ })
    expect(rig.system.state()).toEqual(before)
    expect(rig.disk.text).toBeUndefined()
  })

  it('keeps the journal when the old settings cannot be put back, and tries again by itself', async () => {
    const rig = new Rig(makeSystem())
    const before = rig.system.state()
    const { proxy } = rig.start()
    await proxy.apply(DOOR)
    rig.system.isDeaf = true
    await expect(proxy.restore()).rejects.toMatchObject({ kind: 'proxy-not-restored' })
    expect(proxy.view).toMatchObject({ state: 'restore-failed', trouble: 'proxy-not-restored' })
    expect(rig.disk.text).toBeDefined()
    rig.system.isDeaf = false
    rig.clock.advance(30_000)
    await proxy.readBack()
    expect(proxy.view).toMatchObject({ state: 'off', trouble: undefined })
    expect(rig.system.state()).toEqual(before)
  })

  it('leaves a setting of ours in force when changing it fails: the way around would be open', async () => {
    const rig = new Rig(makeSystem())
    const before = rig.system.state()
    const { proxy } = rig.start()
    await proxy.apply(DOOR)
    rig.system.isDeaf = true
    await expect(proxy.apply({ ...DOOR, port: 9300 })).rejects.toMatchObject({ kind: 'proxy-not-applied' })
    expect(proxy.view.state).toBe('failed')
    expect(rig.system.leadsTo(9251)).toBe(true)
    expect(rig.disk.text).toBeDefined()
    rig.system.isDeaf = false
    await proxy.reapply()
    expect(rig.system.leadsTo(9300)).toBe(true)
    await proxy.restore()
    expect(rig.system.state()).toEqual(before)
  })

  it('stays in force when the app is closed without putting it back', async () => {
    const rig = new Rig(makeSystem())
    const { proxy } = rig.start()
    await proxy.apply(DOOR)
    const during = rig.system.state()
    proxy.close()
    rig.system.takeLines()
    rig.clock.advance(600_000)
    expect(rig.system.state()).toEqual(during)
    expect(rig.system.takeLines()).toEqual([])
  })
})

describe.each(SYSTEMS)('what somebody else changes on %s', (_kind, makeSystem) => {
  it('is noticed by the watchdog, and taken back only when asked', async () => {
    const rig = new Rig(makeSystem())
    const { proxy } = rig.start()
    await proxy.apply(DOOR)
    rig.system.chooseOwnProxy()
    const changed = rig.system.state()
    rig.clock.advance(5_000)
    await expect.poll(() => proxy.view.state).toBe('changed')
    expect(rig.system.state()).toEqual(changed)
    await proxy.reapply()
    expect(proxy.view.state).toBe('on')
    expect(rig.system.leadsTo(9251)).toBe(true)
  })

  it('stays when it leads elsewhere: the newer choice is theirs', async () => {
    const rig = new Rig(makeSystem())
    const { proxy } = rig.start()
    await proxy.apply(DOOR)
    rig.system.chooseOwnProxy()
    await proxy.restore()
    expect(JSON.stringify(rig.system.state())).toContain('own.example')
    expect(JSON.stringify(rig.system.state())).not.toContain('proxy.example')
    expect(rig.system.leadsTo(9251)).toBe(false)
    expect(proxy.view.state).toBe('off')
  })

  it('never keeps a dead address of ours where somebody turned the proxy off', async () => {
    const rig = new Rig(makeSystem())
    const { proxy } = rig.start()
    await proxy.apply(DOOR)
    rig.system.turnProxyOff()
    await proxy.restore()
    expect(rig.system.leadsTo(9251)).toBe(false)
    expect(proxy.view.state).toBe('off')
  })

  it('does not become the settings of before, when ours are applied once more', async () => {
    const rig = new Rig(makeSystem())
    const before = rig.system.state()
    await rig.start().proxy.apply(DOOR)
    const { proxy } = rig.start()
    await proxy.apply(DOOR)
    await proxy.restore()
    expect(rig.system.state()).toEqual(before)
  })
})

describe.each(SYSTEMS)('a journal that is lost or broken on %s', (_kind, makeSystem) => {
  it('is never replaced by one that takes our own setting for the old one', async () => {
    const rig = new Rig(makeSystem())
    await rig.start().proxy.apply(DOOR)
    rig.disk.text = undefined
    const { proxy } = rig.start()
    await proxy.apply(DOOR)
    await proxy.restore()
    expect(rig.system.leadsTo(9251)).toBe(false)
    expect(proxy.view.state).toBe('off')
  })

  it('does not keep the command from turning off what still leads to us, and it says that', async () => {
    const rig = new Rig(makeSystem())
    await rig.start().proxy.apply(DOOR)
    rig.disk.text = undefined
    const lines: string[] = []
    expect(await runRestoreCommand(rig.start().proxy, (line) => lines.push(line))).toBe(0)
    expect(rig.system.leadsTo(9251)).toBe(false)
    expect(lines).toEqual([
      'What the system proxy was before is not known: there is no journal of the old proxy settings.',
      'It led to Allium, and was turned off.',
    ])
  })

  it('lets a mere start leave alone what leads to our door: it may be the person’s own, and served by a daemon', async () => {
    const rig = new Rig(makeSystem())
    await rig.start().proxy.apply(DOOR)
    const during = rig.system.state()
    rig.disk.text = undefined
    const { proxy } = rig.start()
    await proxy.restoreLeftovers()
    expect(rig.system.state()).toEqual(during)
    expect(proxy.view).toMatchObject({ state: 'off', restoredAtStart: false })
  })

  it('lets the command touch nothing that does not lead to us', async () => {
    const rig = new Rig(makeSystem())
    const before = rig.system.state()
    const lines: string[] = []
    expect(await runRestoreCommand(rig.start().proxy, (line) => lines.push(line))).toBe(0)
    expect(rig.system.state()).toEqual(before)
    expect(lines).toEqual(['There was nothing to put back: Allium has not changed the system proxy.'])
  })

  it('turns off what led to us, keeps the broken file and says so', async () => {
    for (const text of ['', '{', '{"version":1}', '{"version":2}', 'null', '[]']) {
      const rig = new Rig(makeSystem())
      await rig.start().proxy.apply(DOOR)
      rig.disk.text = text
      const { proxy } = rig.start()
      await proxy.restoreLeftovers()
      expect(rig.system.leadsTo(9251), text).toBe(false)
      expect(proxy.view).toMatchObject({
        state: 'off',
        trouble: 'proxy-journal-broken',
        restoredAtStart: true,
      })
      expect(proxy.view.detail).toContain('system-proxy.json.broken')
      expect(rig.disk.setAsideText).toBe(text)
    }
  })

  it('touches nothing that does not lead to us', async () => {
    const rig = new Rig(makeSystem())
    const before = rig.system.state()
    rig.disk.text = '{'
    const { proxy } = rig.start()
    await proxy.restoreLeftovers()
    expect(rig.system.state()).toEqual(before)
    expect(proxy.view).toMatchObject({
      state: 'off',
      trouble: 'proxy-journal-broken',
      restoredAtStart: false,
    })
  })

  it('that somebody wrote gives the system no value that we would not give', async () => {
    const rig = new Rig(makeSystem())
    await rig.start().proxy.apply(DOOR)
    const journal: unknown = JSON.parse(rig.disk.text ?? '')
    const previous = { '--help': 'x', 'org.gnome.desktop.session session-name': "'x'", 'web:--x': 'on a 1' }
    rig.disk.text = JSON.stringify({ ...Object(journal), previous })
    rig.system.takeLines()
    const { proxy } = rig.start()
    await proxy.restoreLeftovers()
    expect(rig.system.takeLines().filter((line) => /--help|session-name|--x/.test(line))).toEqual([])
    expect(proxy.view.trouble).toBe('proxy-journal-broken')
    expect(rig.system.leadsTo(9251)).toBe(false)
  })
})
