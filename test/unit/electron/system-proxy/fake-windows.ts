/** reg.exe and PowerShell over a map of registry values. */
import type { CommandResult } from '../../../../electron/system-proxy/command-runner.ts'
import {
  encodeConnection,
  NEW_CONNECTION,
  parseConnection,
} from '../../../../electron/system-proxy/windows-connection.ts'
import { WindowsProxy } from '../../../../electron/system-proxy/windows.ts'
import { FakeSystem, failed } from './fake-system.ts'

const SETTINGS = String.raw`HKCU\Software\Microsoft\Windows\CurrentVersion\Internet Settings`
const CONNECTION = String.raw`${SETTINGS}\Connections\DefaultConnectionSettings`

export class FakeWindows extends FakeSystem {
  readonly tools = ['reg', 'powershell']
  /** `key\name` -> type and data. */
  readonly values = new Map<string, { type: string; data: string }>([
    [`${SETTINGS}\\User Agent`, { type: 'REG_SZ', data: 'Mozilla/4.0 (compatible; MSIE 8.0; Win32)' }],
    [`${SETTINGS}\\ProxyEnable`, { type: 'REG_DWORD', data: '0x1' }],
    [
      `${SETTINGS}\\ProxyServer`,
      { type: 'REG_SZ', data: 'http=proxy.example:3128;socks=socks.example:1080' },
    ],
    [`${SETTINGS}\\ProxyOverride`, { type: 'REG_SZ', data: '*.example;<local>' }],
    [`${SETTINGS}\\AutoConfigURL`, { type: 'REG_SZ', data: 'http://wpad.example/proxy.pac' }],
    [
      CONNECTION,
      { type: 'REG_BINARY', data: binary(0x0f, 'proxy.example:3128', 'http://wpad.example/proxy.pac') },
    ],
  ])

  backend(): WindowsProxy {
    return new WindowsProxy(this)
  }

  /** The counter goes up with every change, as Windows has it. */
  state(): unknown {
    return Object.fromEntries(
      [...this.values].map(([name, value]) => [
        name,
        name === CONNECTION
          ? { ...parseConnection(Buffer.from(value.data, 'hex')), counter: undefined }
          : { ...value },
      ]),
    )
  }

  chooseOwnProxy(): void {
    this.values.set(`${SETTINGS}\\ProxyServer`, { type: 'REG_SZ', data: 'own.example:8118' })
    this.values.set(`${SETTINGS}\\ProxyEnable`, { type: 'REG_DWORD', data: '0x1' })
    this.values.set(CONNECTION, { type: 'REG_BINARY', data: binary(0x03, 'own.example:8118', '') })
  }

  turnProxyOff(): void {
    this.values.set(`${SETTINGS}\\ProxyEnable`, { type: 'REG_DWORD', data: '0x0' })
    this.values.set(CONNECTION, { type: 'REG_BINARY', data: binary(0x01, '127.0.0.1:9251', '') })
  }

  leadsTo(port: number): boolean {
    return (this.values.get(`${SETTINGS}\\ProxyServer`)?.data ?? '').endsWith(`:${port}`)
  }

  protected answer(tool: string, args: readonly string[]): string | CommandResult {
    if (tool === 'powershell') return ''
    const [verb, key = '', option, name] = args
    if (verb === 'query') return this.#query(key, option === '/v' ? name : undefined)
    const full = `${key}\\${name}`
    if (this.isDeaf) return 'The operation completed successfully.\r\n'
    if (verb === 'delete') {
      if (!this.values.delete(full)) return failed(1, 'ERROR: The system was unable to find the value.')
    } else {
      const [type = '', data = ''] = [args[5], args[7]]
      this.values.set(full, { type, data: type === 'REG_BINARY' ? data.toUpperCase() : data })
    }
    return 'The operation completed successfully.\r\n'
  }

  #query(key: string, name: string | undefined): string | CommandResult {
    const found = [...this.values].flatMap(([full, { type, data }]) => {
      const [folder, own] = [full.slice(0, full.lastIndexOf('\\')), full.slice(full.lastIndexOf('\\') + 1)]
      return folder === key && (name === undefined || name === own)
        ? [`    ${own}    ${type}    ${data}`]
        : []
    })
    if (found.length === 0)
      return failed(1, 'ERROR: The system was unable to find the specified registry key.')
    return ['', key, ...found, '', `${key}\\5.0`, ''].join('\r\n')
  }
}

function binary(flags: number, server: string, script: string): string {
  const settings = { ...NEW_CONNECTION, flags, server, bypass: '*.example;<local>', script }
  return encodeConnection(settings, 7).toString('hex').toUpperCase()
}
