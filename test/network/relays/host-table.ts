/** The Internet behind the exits: names and addresses that lead to ports of this machine, and nothing else. */
import { isIP } from 'node:net'

const LOOPBACK = '127.0.0.1'

export interface HostAddress {
  readonly host: string
  readonly port: number
}

export class HostTable {
  readonly #ports = new Map<string, number>()
  readonly #names = new Set<string>()

  /** `name:port` as clients ask for it leads to a port of loopback. */
  add(name: string, port: number, to: number): void {
    this.#ports.set(`${name}:${port}`, to)
    this.#names.add(name)
  }

  /** Undefined where nobody lives: a name that was not added, an address that is not loopback. */
  find(host: string, port: number): HostAddress | undefined {
    const name = host.toLowerCase()
    const to = this.#ports.get(`${name}:${port}`)
    if (to !== undefined) return { host: LOOPBACK, port: to }
    return this.resolve(name) === undefined ? undefined : { host: LOOPBACK, port }
  }

  /** The address of a name. */
  resolve(host: string): string | undefined {
    const name = host.toLowerCase()
    if (this.#names.has(name) || name === LOOPBACK || name === 'localhost') return LOOPBACK
    return isIP(name) === 4 && name.startsWith('127.') ? name : undefined
  }
}
