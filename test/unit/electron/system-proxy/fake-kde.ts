/** kreadconfig and kwriteconfig over a map of files. */
import { KdeProxy } from '../../../../electron/system-proxy/linux-kde.ts'
import { FakeSystem } from './fake-system.ts'

const FILE = '/home/somebody/.config/kioslaverc'

export class FakeKde extends FakeSystem {
  tools = ['kreadconfig5', 'kwriteconfig5', 'dbus-send']
  env: NodeJS.ProcessEnv = { XDG_CURRENT_DESKTOP: 'KDE', HOME: '/home/somebody' }
  /** `file key` -> value. */
  readonly values = new Map<string, string>([
    [`${FILE} ProxyType`, '2'],
    [`${FILE} Proxy Config Script`, 'http://wpad.example/'],
    [`${FILE} httpProxy`, 'http://proxy.example 3128'],
    [`${FILE} NoProxyFor`, '-odd.example'],
  ])

  backend(): KdeProxy {
    const readFile = (path: string): Promise<string> =>
      Promise.resolve([...this.values].filter(([name]) => name.startsWith(path)).join('\n'))
    return new KdeProxy(this, this.env, readFile)
  }

  state(): unknown {
    return Object.fromEntries(this.values)
  }

  chooseOwnProxy(): void {
    this.values.set(`${FILE} httpProxy`, 'http://own.example 8118')
    this.values.set(`${FILE} httpsProxy`, 'http://own.example 8118')
    this.values.set(`${FILE} ProxyType`, '1')
  }

  turnProxyOff(): void {
    this.values.set(`${FILE} ProxyType`, '0')
  }

  leadsTo(port: number): boolean {
    return [...this.values.values()].some((value) => value.endsWith(` ${port}`))
  }

  protected answer(tool: string, args: readonly string[]): string {
    if (tool === 'dbus-send') return ''
    const name = `${args[1]} ${args[5]}`
    if (tool.startsWith('kread')) return `${this.values.get(name) ?? args[7]}\n`
    if (this.isDeaf) return ''
    if (args[6] === '--delete') this.values.delete(name)
    else this.values.set(name, args[7] ?? '')
    return ''
  }
}
