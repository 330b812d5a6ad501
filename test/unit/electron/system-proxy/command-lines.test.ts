/** The exact command lines on every system, and what its tools may answer. */
import { describe, expect, it } from 'vitest'
import { KdeProxy, kdeFiles } from '../../../../electron/system-proxy/linux-kde.ts'
import {
  desktopNames,
  GnomeProxy,
  parseGsettingsList,
} from '../../../../electron/system-proxy/linux-gnome.ts'
import { parseServiceProxy, parseServices } from '../../../../electron/system-proxy/macos-output.ts'
import { encodeConnection, parseConnection } from '../../../../electron/system-proxy/windows-connection.ts'
import { ANNOUNCE_SCRIPT, parseRegQuery, WindowsProxy } from '../../../../electron/system-proxy/windows.ts'
import { FakeGnome } from './fake-gnome.ts'
import { FakeKde } from './fake-kde.ts'
import { FakeMacos, fakeService } from './fake-macos.ts'
import { FakeWindows } from './fake-windows.ts'
import { failed, type FakeSystem } from './fake-system.ts'
import { DOOR, Rig } from './proxy-rig.ts'

/** The lines that change something, while the proxy is turned on and while it is put back. */
async function changingLines(
  system: FakeSystem,
  isReading: (line: string) => boolean,
): Promise<[string[], string[]]> {
  const { proxy } = new Rig(system).start()
  await proxy.apply(DOOR)
  const on = system.takeLines().filter((line) => !isReading(line))
  await proxy.restore()
  return [on, system.takeLines().filter((line) => !isReading(line))]
}

describe('gsettings', () => {
  it('is told the addresses first and the mode last, and the other way around to put them back', async () => {
    const [on, off] = await changingLines(new FakeGnome(), (line) => !line.startsWith('gsettings set'))
    expect(on).toEqual([
      'gsettings set org.gnome.system.proxy.http use-authentication false',
      "gsettings set org.gnome.system.proxy.http host '127.0.0.1'",
      'gsettings set org.gnome.system.proxy.http port 9251',
      "gsettings set org.gnome.system.proxy.https host '127.0.0.1'",
      'gsettings set org.gnome.system.proxy.https port 9251',
      "gsettings set org.gnome.system.proxy.ftp host '127.0.0.1'",
      'gsettings set org.gnome.system.proxy.ftp port 9251',
      "gsettings set org.gnome.system.proxy.socks host ''",
      'gsettings set org.gnome.system.proxy.socks port 0',
      'gsettings set org.gnome.system.proxy use-same-proxy true',
      "gsettings set org.gnome.system.proxy ignore-hosts [['localhost', '127.0.0.0/8', '::1']]",
      "gsettings set org.gnome.system.proxy mode 'manual'",
    ])
    expect(off[0]).toBe("gsettings set org.gnome.system.proxy mode 'auto'")
    expect(off).toHaveLength(on.length)
  })

  it('never gets to know, and the journal neither, a password of a proxy', async () => {
    const rig = new Rig(new FakeGnome())
    await rig.start().proxy.apply(DOOR)
    expect(rig.disk.text).not.toContain('secret')
    expect(rig.system.takeLines().join('\n')).not.toContain('authentication-password')
  })

  it.each([
    ['org.gnome.system.proxy mode manual', 'a text without quotes'],
    ["org.gnome.system.proxy mode 'a' 'b'", 'two texts'],
    ["org.gnome.system.proxy.http port 'x'", 'a port that is a text'],
    ["org.gnome.system.proxy ignore-hosts ['a', b]", 'a list with something else in it'],
  ])('is not believed when it says %s: %s', (line) => {
    const [, schema, key] = /^(\S+) (\S+) /.exec(line) ?? []
    const gnome = new FakeGnome()
    const lines = [...gnome.values].map(([name, value]) =>
      name === `${schema} ${key}` ? line : `${name} ${value}`,
    )
    expect(() => parseGsettingsList(lines.join('\n'))).toThrow(/is no/)
  })

  it('that does not know the schema leaves the system without a setting', async () => {
    const gnome = new FakeGnome()
    gnome.intercept = () => failed(1, 'No such schema “org.gnome.system.proxy”')
    expect(await gnome.backend().isPresent()).toBe(false)
    gnome.missing.add('gsettings')
    expect(await gnome.backend().isPresent()).toBe(false)
    const { proxy } = new Rig(gnome).start()
    await expect(proxy.apply(DOOR)).rejects.toMatchObject({ kind: 'proxy-unsupported' })
    expect(proxy.view).toMatchObject({ state: 'failed', trouble: 'proxy-unsupported', backend: undefined })
  })

  it.each([
    ['GNOME', true],
    ['ubuntu:GNOME', true],
    ['X-Cinnamon', true],
    ['Unity:Unity7:ubuntu', true],
    ['Budgie:GNOME', true],
    ['pop:GNOME', true],
    ['KDE', false],
    ['MATE', false],
    ['XFCE', false],
    ['LXQt', false],
    ['sway', false],
    ['', false],
  ])('in the desktop %j is the setting of the programs there: %s', async (desktop, isPresent) => {
    const backend = new GnomeProxy(new FakeGnome(), { XDG_CURRENT_DESKTOP: desktop })
    expect(await backend.isPresent()).toBe(isPresent)
  })

  it('a session without XDG_CURRENT_DESKTOP is known by its older names', () => {
    expect(desktopNames({ DESKTOP_SESSION: 'gnome' })).toEqual(['gnome'])
    expect(desktopNames({})).toEqual([])
  })
})

describe('kwriteconfig', () => {
  const where = 'kwriteconfig5 --file /home/somebody/.config/kioslaverc --group [Proxy Settings] --key'

  it("is told everything in KDE's own format, then running programs are told", async () => {
    const [on, off] = await changingLines(new FakeKde(), (line) => line.startsWith('kreadconfig'))
    const signal =
      'dbus-send --session --type=signal /KIO/Scheduler org.kde.KIO.Scheduler.reparseSlaveConfiguration string:'
    expect(on).toEqual([
      `${where} httpProxy -- [http://127.0.0.1 9251]`,
      `${where} httpsProxy -- [http://127.0.0.1 9251]`,
      `${where} ftpProxy -- [http://127.0.0.1 9251]`,
      `${where} socksProxy -- []`,
      `${where} NoProxyFor -- localhost,127.0.0.0/8,::1`,
      `${where} ReversedException -- false`,
      `${where} ProxyType -- 1`,
      signal,
    ])
    expect(off).toEqual([
      `${where} ProxyType -- 2`,
      `${where} ReversedException --delete`,
      `${where} NoProxyFor -- -odd.example`,
      `${where} socksProxy --delete`,
      `${where} ftpProxy --delete`,
      `${where} httpsProxy --delete`,
      `${where} httpProxy -- [http://proxy.example 3128]`,
      signal,
    ])
  })

  it('of Plasma 6 is taken where it is there', async () => {
    const kde = new FakeKde()
    kde.tools.push('kreadconfig6', 'kwriteconfig6')
    await new Rig(kde).start().proxy.apply(DOOR)
    const tools = new Set(kde.takeLines().map((line) => line.split(' ')[0]))
    expect(tools).toEqual(new Set(['kreadconfig6', 'kwriteconfig6', 'dbus-send']))
  })

  it('puts back although running programs cannot be told', async () => {
    const rig = new Rig(new FakeKde())
    const before = rig.system.state()
    const { proxy, log } = rig.start()
    await proxy.apply(DOOR)
    rig.system.missing.add('dbus-send')
    await proxy.restore()
    expect(rig.system.state()).toEqual(before)
    expect(log.join('\n')).toContain('could not be told')
  })

  it('writes where KDE reads and where Chromium reads', () => {
    const home = '/home/a/.config/kioslaverc'
    expect(kdeFiles({ HOME: '/home/a' })).toEqual({ home, xdg: undefined })
    expect(kdeFiles({ HOME: '/home/a', XDG_CONFIG_HOME: '/home/a/.config' })).toEqual({
      home,
      xdg: undefined,
    })
    expect(kdeFiles({ HOME: '/home/a', XDG_CONFIG_HOME: '/etc/x' })).toEqual({
      home,
      xdg: '/etc/x/kioslaverc',
    })
    expect(kdeFiles({ HOME: '/home/a', XDG_CONFIG_HOME: 'relative' })).toEqual({ home, xdg: undefined })
    expect(kdeFiles({})).toBeUndefined()
  })

  it('is not there without its tools or without a home', async () => {
    const kde = new FakeKde()
    expect(await kde.backend().isPresent()).toBe(true)
    expect(
      await new KdeProxy(kde, { XDG_CURRENT_DESKTOP: 'KDE' }, () => Promise.resolve('')).isPresent(),
    ).toBe(false)
    kde.missing.add('kreadconfig5')
    expect(await kde.backend().isPresent()).toBe(false)
  })
})

describe('networksetup', () => {
  it('is told for every service that is enabled', async () => {
    const mac = new FakeMacos()
    mac.services.delete('Wi-Fi')
    const [on, off] = await changingLines(mac, (line) => !line.includes(' -set'))
    const lan = '[USB 10/100 LAN]'
    expect(on).toEqual([
      `networksetup -setproxybypassdomains ${lan} localhost 127.0.0.0/8 ::1`,
      `networksetup -setwebproxy ${lan} 127.0.0.1 9251`,
      `networksetup -setwebproxystate ${lan} on`,
      `networksetup -setsecurewebproxy ${lan} 127.0.0.1 9251`,
      `networksetup -setsecurewebproxystate ${lan} on`,
    ])
    expect(off).toEqual([
      `networksetup -setsecurewebproxystate ${lan} off`,
      `networksetup -setwebproxystate ${lan} off`,
      `networksetup -setproxybypassdomains ${lan} Empty`,
    ])
  })

  it('turns off what would win, and gives back the addresses of what was off', async () => {
    const mac = new FakeMacos()
    mac.services.delete('USB 10/100 LAN')
    const [on, off] = await changingLines(mac, (line) => !line.includes(' -set'))
    expect(on.slice(-5)).toEqual([
      'networksetup -setsocksfirewallproxy Wi-Fi socks.example 1080',
      'networksetup -setsocksfirewallproxystate Wi-Fi off',
      'networksetup -setautoproxyurl Wi-Fi http://wpad.example/',
      'networksetup -setautoproxystate Wi-Fi off',
      'networksetup -setproxyautodiscovery Wi-Fi off',
    ])
    expect(off).toContain('networksetup -setsecurewebproxy Wi-Fi old.example 8080')
    expect(off).toContain('networksetup -setsecurewebproxystate Wi-Fi off')
    expect(off.at(-1)).toBe('networksetup -setproxybypassdomains Wi-Fi *.local 169.254/16')
  })

  it('says with an exit code that it wants an administrator', async () => {
    const rig = new Rig(new FakeMacos())
    const before = rig.system.state()
    rig.system.intercept = (line) =>
      line.includes(' -set') ? failed(14, '** Error: Command requires admin privileges.') : undefined
    const { proxy } = rig.start()
    await expect(proxy.apply(DOOR)).rejects.toMatchObject({ kind: 'proxy-denied' })
    expect(rig.system.state()).toEqual(before)
    expect(rig.disk.text).toBeUndefined()
  })

  it('is not believed when it ends with 0 and complains', async () => {
    const rig = new Rig(new FakeMacos())
    rig.system.intercept = (line) =>
      line.includes(' -setwebproxy ') ? '** Error: The parameters were not valid.\n' : undefined
    await expect(rig.start().proxy.apply(DOOR)).rejects.toMatchObject({ kind: 'proxy-tool-failed' })
  })

  it('with a password for a proxy is left alone: it could not be put back', async () => {
    const mac = new FakeMacos()
    const service = mac.services.get('Wi-Fi')
    if (service !== undefined) service.hasPassword = true
    const rig = new Rig(mac)
    await expect(rig.start().proxy.apply(DOOR)).rejects.toMatchObject({ kind: 'proxy-managed' })
    expect(mac.takeLines().filter((line) => line.includes(' -set'))).toEqual([])
  })

  it('points a network service that appears meanwhile at the proxy, too, and puts it back', async () => {
    const mac = new FakeMacos()
    const rig = new Rig(mac)
    const { proxy } = rig.start()
    await proxy.apply(DOOR)
    mac.services.set('iPhone USB', fakeService({ bypass: ['x.example'] }))
    rig.clock.advance(5_000)
    expect(await proxy.readBack()).toBe('ours')
    expect(mac.services.get('iPhone USB')?.proxies.web.port).toBe('9251')
    await proxy.restore()
    expect(mac.services.get('iPhone USB')).toMatchObject({ bypass: ['x.example'] })
    expect(mac.leadsTo(9251)).toBe(false)
  })

  it('puts back everything else when a network service is gone', async () => {
    const mac = new FakeMacos()
    const { proxy } = new Rig(mac).start()
    await proxy.apply(DOOR)
    mac.services.delete('USB 10/100 LAN')
    await proxy.restore()
    expect(mac.leadsTo(9251)).toBe(false)
    expect(proxy.view.state).toBe('off')
  })

  it('is read strictly', () => {
    expect(() => parseServices('Wi-Fi\n')).toThrow('no list of services')
    expect(() => parseServiceProxy('Enabled: Ja\nServer: \nPort: 0\n')).toThrow('neither on nor off')
    expect(() => parseServiceProxy('Enabled: Yes\nServer: a\nPort: 99999\n')).toThrow('without a port')
    expect(() => parseServiceProxy('')).toThrow()
  })
})

describe('reg.exe and PowerShell', () => {
  const key = String.raw`[HKCU\Software\Microsoft\Windows\CurrentVersion\Internet Settings]`
  const connections = String.raw`[HKCU\Software\Microsoft\Windows\CurrentVersion\Internet Settings\Connections]`
  const bytes = (system: FakeWindows): Buffer =>
    Buffer.from(
      [...system.values].find(([name]) => name.endsWith('DefaultConnectionSettings'))?.[1].data ?? '',
      'hex',
    )

  it('are told the server as HOST:PORT, never as socks=, and running programs at the end', async () => {
    const windows = new FakeWindows()
    const [on, off] = await changingLines(windows, (line) => line.startsWith('reg query'))
    const announce = `powershell -NoLogo -NoProfile -NonInteractive -Command [${ANNOUNCE_SCRIPT}]`
    const binary =
      /^reg add \[HKCU.*\\Connections\] \/v DefaultConnectionSettings \/t REG_BINARY \/d [0-9a-f]+ \/f$/
    expect(on).toEqual([
      `reg add ${key} /v ProxyServer /t REG_SZ /d 127.0.0.1:9251 /f`,
      `reg add ${key} /v ProxyOverride /t REG_SZ /d localhost;127.*;[::1] /f`,
      `reg delete ${key} /v AutoConfigURL /f`,
      `reg add ${key} /v AutoDetect /t REG_DWORD /d 0x0 /f`,
      expect.stringMatching(binary),
      announce,
    ])
    expect(off.slice(1)).toEqual([
      `reg delete ${key} /v AutoDetect /f`,
      `reg add ${key} /v AutoConfigURL /t REG_SZ /d http://wpad.example/proxy.pac /f`,
      `reg add ${key} /v ProxyOverride /t REG_SZ /d *.example;<local> /f`,
      `reg add ${key} /v ProxyServer /t REG_SZ /d http=proxy.example:3128;socks=socks.example:1080 /f`,
      announce,
    ])
    expect(off[0]?.startsWith(`reg add ${connections}`)).toBe(true)
  })

  it('turn automatic detection off, which lies in the bytes alone, and on again', async () => {
    const windows = new FakeWindows()
    const { proxy } = new Rig(windows).start()
    await proxy.apply(DOOR)
    expect(parseConnection(bytes(windows))).toMatchObject({
      flags: 0x03,
      counter: 8,
      server: '127.0.0.1:9251',
      script: '',
    })
    await proxy.restore()
    expect(parseConnection(bytes(windows))).toMatchObject({
      flags: 0x0f,
      counter: 9,
      server: 'proxy.example:3128',
    })
  })

  it('leave a computer alone whose administrator decides', async () => {
    const windows = new FakeWindows()
    windows.intercept = (line) =>
      line.includes('ProxySettingsPerUser')
        ? '\r\nHKEY_LOCAL_MACHINE\\Software\r\n    ProxySettingsPerUser    REG_DWORD    0x0\r\n'
        : undefined
    const rig = new Rig(windows)
    const before = windows.state()
    await expect(rig.start().proxy.apply(DOOR)).rejects.toMatchObject({ kind: 'proxy-managed' })
    expect(windows.state()).toEqual(before)
  })

  it('undo everything where PowerShell may not tell running programs', async () => {
    const windows = new FakeWindows()
    const before = windows.state()
    windows.intercept = (line) => (line.startsWith('powershell') ? failed(1, 'Cannot add type') : undefined)
    const rig = new Rig(windows)
    await expect(rig.start().proxy.apply(DOOR)).rejects.toMatchObject({ kind: 'proxy-tool-failed' })
    expect(windows.state()).toEqual(before)
  })

  it('are not believed about text in a code page that we do not know', async () => {
    const windows = new FakeWindows()
    const name = [...windows.values.keys()].find((each) => each.endsWith('ProxyOverride')) ?? ''
    windows.values.set(name, { type: 'REG_SZ', data: 'b\ufffdcher.example' })
    await expect(new Rig(windows).start().proxy.apply(DOOR)).rejects.toMatchObject({
      kind: 'proxy-unreadable',
    })
    expect(windows.takeLines().filter((line) => !line.startsWith('reg query'))).toEqual([])
  })

  it('are read strictly: names with spaces, empty texts, other headings', () => {
    const values = parseRegQuery(
      '\r\nHKEY_CURRENT_USER\\X\r\n    User Agent    REG_SZ    a    b\r\n    Empty    REG_SZ    \r\n    Odd    REG_SZ\r\nHKEY\\Y\r\n',
    )
    expect([...values]).toEqual([
      ['User Agent', { type: 'REG_SZ', data: 'a    b' }],
      ['Empty', { type: 'REG_SZ', data: '' }],
      ['Odd', { type: 'REG_SZ', data: '' }],
    ])
  })

  it('the bytes are read and written whole, and refused when they end early', () => {
    const settings = {
      version: 0x46,
      flags: 0x0b,
      server: 'a:1',
      bypass: '<local>',
      script: 'http://x/',
      rest: '0102',
    }
    const encoded = encodeConnection(settings, 5)
    expect(encoded.toString('hex')).toBe(
      '46000000050000000b00000003000000613a31070000003c6c6f63616c3e09000000687474703a2f2f782f0102',
    )
    expect(parseConnection(encoded)).toEqual({ ...settings, counter: 5 })
    for (let length = 0; length < encoded.length - 2; length++) {
      expect(() => parseConnection(encoded.subarray(0, length))).toThrow(RangeError)
    }
  })

  it('know a door that stands among others, for one protocol', () => {
    const backend = new WindowsProxy(new FakeWindows())
    expect(backend.leadsTo({ ProxyServer: 'http=a:1;https=127.0.0.1:9251' }, [DOOR])).toBe(true)
    expect(backend.leadsTo({ ProxyServer: 'http://127.0.0.1:9251' }, [DOOR])).toBe(true)
    expect(backend.leadsTo({ ProxyServer: '127.0.0.1:92510' }, [DOOR])).toBe(false)
  })
})
