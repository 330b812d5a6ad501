/** networksetup and scutil over a map of services. */
import type { CommandResult } from '../../../../electron/system-proxy/command-runner.ts'
import { MacosProxy } from '../../../../electron/system-proxy/macos.ts'
import { FakeSystem, failed } from './fake-system.ts'

interface FakeProxy {
  enabled: boolean
  server: string
  port: string
}

export interface FakeService {
  isEnabled: boolean
  hasPassword: boolean
  proxies: { web: FakeProxy; secureweb: FakeProxy; socksfirewall: FakeProxy }
  script: { enabled: boolean; url: string }
  discovery: boolean
  bypass: string[]
}

const off = (): FakeProxy => ({ enabled: false, server: '', port: '0' })

export function fakeService(change: Partial<FakeService> = {}): FakeService {
  return {
    isEnabled: true,
    hasPassword: false,
    proxies: { web: off(), secureweb: off(), socksfirewall: off() },
    script: { enabled: false, url: '' },
    discovery: false,
    bypass: ['*.local', '169.254/16'],
    ...change,
  }
}

export class FakeMacos extends FakeSystem {
  readonly tools = ['networksetup', 'scutil']
  readonly services = new Map<string, FakeService>([
    [
      'Wi-Fi',
      fakeService({
        proxies: {
          web: { enabled: true, server: 'proxy.example', port: '3128' },
          secureweb: { enabled: false, server: 'old.example', port: '8080' },
          socksfirewall: { enabled: true, server: 'socks.example', port: '1080' },
        },
        script: { enabled: true, url: 'http://wpad.example/' },
        discovery: true,
      }),
    ],
    ['USB 10/100 LAN', fakeService({ bypass: [] })],
    ['Old Modem', fakeService({ isEnabled: false })],
  ])

  backend(): MacosProxy {
    return new MacosProxy(this)
  }

  /** A proxy that is off leads nowhere, wherever it led before: networksetup cannot always forget that. */
  state(): unknown {
    const shown = (proxy: FakeProxy): unknown => (proxy.enabled ? { ...proxy } : 'off')
    return [...this.services].map(([name, service]) => ({
      name,
      ...structuredClone(service),
      proxies: Object.entries(service.proxies).map(([kind, proxy]) => [kind, shown(proxy)]),
    }))
  }

  chooseOwnProxy(): void {
    for (const service of this.services.values()) {
      service.proxies.web = { enabled: true, server: 'own.example', port: '8118' }
      service.proxies.secureweb = { enabled: true, server: 'own.example', port: '8118' }
    }
  }

  turnProxyOff(): void {
    for (const { proxies } of this.services.values()) {
      for (const proxy of Object.values(proxies)) proxy.enabled = false
    }
  }

  leadsTo(port: number): boolean {
    return [...this.services.values()].some(({ proxies }) =>
      Object.values(proxies).some((proxy) => proxy.enabled && proxy.port === String(port)),
    )
  }

  protected answer(tool: string, [verb = '', name = '', ...rest]: readonly string[]): string | CommandResult {
    if (tool === 'scutil') return JSON.stringify(this.state())
    if (verb === '-listallnetworkservices') {
      const lines = [...this.services].map(([each, { isEnabled }]) => `${isEnabled ? '' : '*'}${each}`)
      return ['An asterisk (*) denotes that a network service is disabled.', ...lines, ''].join('\n')
    }
    const service = this.services.get(name)
    if (service === undefined) return failed(4, `${name} is not a recognized network service.`)
    return verb.startsWith('-get') ? this.#get(service, name, verb.slice(4)) : this.#set(service, verb, rest)
  }

  #get(service: FakeService, name: string, what: string): string {
    if (what === 'autoproxyurl') {
      const { enabled, url } = service.script
      return `URL: ${url === '' ? '(null)' : url}\nEnabled: ${enabled ? 'Yes' : 'No'}\n`
    }
    if (what === 'proxyautodiscovery') return `Auto Proxy Discovery: ${service.discovery ? 'On' : 'Off'}\n`
    if (what === 'proxybypassdomains') {
      return service.bypass.length === 0
        ? `There aren't any bypass domains set on ${name}.\n`
        : `${service.bypass.join('\n')}\n`
    }
    const proxy = proxyOf(service, what.replace(/proxy$/, ''))
    return [
      `Enabled: ${proxy.enabled ? 'Yes' : 'No'}`,
      `Server: ${proxy.server}`,
      `Port: ${proxy.port}`,
      `Authenticated Proxy Enabled: ${service.hasPassword ? '1' : '0'}`,
      '',
    ].join('\n')
  }

  #set(service: FakeService, verb: string, [first = '', second = '', ...rest]: readonly string[]): string {
    if (this.isDeaf) return ''
    switch (verb) {
      case '-setautoproxyurl':
        service.script = { enabled: true, url: first }
        break
      case '-setautoproxystate':
        service.script.enabled = first === 'on'
        break
      case '-setproxyautodiscovery':
        service.discovery = first === 'on'
        break
      case '-setproxybypassdomains':
        service.bypass = first === 'Empty' ? [] : [first, second, ...rest].filter((each) => each !== '')
        break
      default: {
        const isState = verb.endsWith('state')
        const proxy = proxyOf(service, verb.replace(/^-set/, '').replace(/proxy(?:state)?$/, ''))
        Object.assign(
          proxy,
          isState ? { enabled: first === 'on' } : { enabled: true, server: first, port: second },
        )
      }
    }
    return ''
  }
}

function proxyOf({ proxies }: FakeService, kind: string): FakeProxy {
  if (kind === 'web') return proxies.web
  if (kind === 'secureweb') return proxies.secureweb
  if (kind === 'socksfirewall') return proxies.socksfirewall
  throw new Error(`no such proxy: ${kind}`)
}
