/** gsettings over a map. */
import { GnomeProxy } from '../../../../electron/system-proxy/linux-gnome.ts'
import { FakeSystem, failed } from './fake-system.ts'
import type { CommandResult } from '../../../../electron/system-proxy/command-runner.ts'

export class FakeGnome extends FakeSystem {
  readonly tools = ['gsettings']
  readonly values = new Map<string, string>([
    ['org.gnome.system.proxy autoconfig-url', "'http://wpad.example/'"],
    ['org.gnome.system.proxy ignore-hosts', "['localhost', '*.example']"],
    ['org.gnome.system.proxy mode', "'auto'"],
    ['org.gnome.system.proxy use-same-proxy', 'false'],
    ['org.gnome.system.proxy.ftp host', "''"],
    ['org.gnome.system.proxy.ftp port', '0'],
    ['org.gnome.system.proxy.http authentication-password', "'secret'"],
    ['org.gnome.system.proxy.http authentication-user', "'somebody'"],
    ['org.gnome.system.proxy.http enabled', 'false'],
    ['org.gnome.system.proxy.http host', "'proxy.example'"],
    ['org.gnome.system.proxy.http port', '3128'],
    ['org.gnome.system.proxy.http use-authentication', 'true'],
    ['org.gnome.system.proxy.https host', "''"],
    ['org.gnome.system.proxy.https port', '0'],
    ['org.gnome.system.proxy.socks host', "'socks.example'"],
    ['org.gnome.system.proxy.socks port', '1080'],
  ])

  backend(): GnomeProxy {
    return new GnomeProxy(this, { XDG_CURRENT_DESKTOP: 'ubuntu:GNOME' })
  }

  state(): unknown {
    return Object.fromEntries(this.values)
  }

  chooseOwnProxy(): void {
    for (const protocol of ['http', 'https']) {
      this.values.set(`org.gnome.system.proxy.${protocol} host`, "'own.example'")
      this.values.set(`org.gnome.system.proxy.${protocol} port`, '8118')
    }
    this.values.set('org.gnome.system.proxy mode', "'manual'")
  }

  turnProxyOff(): void {
    this.values.set('org.gnome.system.proxy mode', "'none'")
  }

  leadsTo(port: number): boolean {
    return [...this.values].some(([name, value]) => name.endsWith(' port') && value === String(port))
  }

  protected answer(_tool: string, [verb, schema, key, value]: readonly string[]): string | CommandResult {
    const name = `${schema} ${key}`
    if (verb === 'list-recursively') {
      return [...this.values].map(([each, text]) => `${each} ${text}\n`).join('')
    }
    if (!this.values.has(name)) return failed(1, 'No such key')
    if (verb === 'get') return `${this.values.get(name)}\n`
    if (!this.isDeaf) this.values.set(name, value ?? '')
    return ''
  }
}
