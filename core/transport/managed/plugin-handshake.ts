/**
 * What a plugin must say before it can be used, and in which order (pt-spec 3.3): that it speaks our version, that it
 * takes the proxy, and where it listens for which transport. Pure: lines in, a report or an error out.
 */
import { isIPv4 } from 'node:net'
import { TorError } from '../../util/errors.ts'
import type { PluginLine, PluginMethod } from './plugin-lines.ts'

/** The only one that there is. */
export const PLUGIN_PROTOCOL_VERSION = '1'

export interface PluginOffer {
  /** By transport; only what was asked for. */
  readonly methods: ReadonlyMap<string, PluginMethod>
}

export class PluginHandshake {
  readonly #wanted: ReadonlySet<string>
  readonly #needsProxy: boolean
  readonly #methods = new Map<string, PluginMethod>()
  #hasVersion = false
  #hasProxy = false

  /** `needsProxy`: there is an upstream proxy, which the plugin must say that it goes through. */
  constructor(wanted: readonly string[], needsProxy: boolean) {
    this.#wanted = new Set(wanted)
    this.#needsProxy = needsProxy
  }

  /**
   * Returns what the plugin offers once it has said everything. Throws `channel-failed`, or `proxy-failed` when it does
   * not go through the proxy; it is of no use then. The plugin's own words are in no error: they may hold secrets.
   */
  onLine(line: PluginLine): PluginOffer | undefined {
    switch (line.kind) {
      case 'version':
        if (line.version !== PLUGIN_PROTOCOL_VERSION || this.#hasVersion) throw badVersion()
        this.#hasVersion = true
        return undefined
      case 'version-error':
        throw badVersion()
      case 'env-error':
        throw pluginFailed('does not take the environment that it was started with')
      case 'proxy-done':
      case 'proxy-error':
        if (!this.#needsProxy) throw pluginFailed('speaks of a proxy that it was not given')
        if (line.kind === 'proxy-error') throw proxyRefused('does not take the upstream proxy')
        this.#hasProxy = true
        return undefined
      case 'method':
        this.#checkVersion()
        this.#addMethod(line.method)
        return undefined
      case 'method-error':
        this.#checkVersion()
        return undefined
      case 'methods-done':
        this.#checkVersion()
        return this.#finish()
      case 'malformed':
        throw pluginFailed('breaks the protocol between it and us')
      case 'log':
      case 'status':
      case 'unknown':
        return undefined
    }
  }

  #checkVersion(): void {
    if (!this.#hasVersion) throw pluginFailed('breaks the protocol between it and us')
  }

  #addMethod(method: PluginMethod): void {
    const { transport, endpoint } = method
    // Bridge lines go there in the clear.
    if (!isLoopback(endpoint.host)) throw pluginFailed('listens at an address that is not of this machine')
    if (this.#methods.has(transport)) throw pluginFailed('names two addresses for one transport')
    if (this.#wanted.has(transport)) this.#methods.set(transport, method)
  }

  #finish(): PluginOffer {
    if (this.#needsProxy && !this.#hasProxy) throw proxyRefused('does not go through the upstream proxy')
    return { methods: this.#methods }
  }
}

export function pluginFailed(what: string, cause?: unknown): TorError {
  return new TorError('channel-failed', `the transport plugin ${what}`, { cause, retry: 'later' })
}

function proxyRefused(what: string): TorError {
  return new TorError('proxy-failed', `the transport plugin ${what}`, { retry: 'later' })
}

function badVersion(): TorError {
  return pluginFailed(`does not speak version ${PLUGIN_PROTOCOL_VERSION} of the protocol between it and us`)
}

function isLoopback(host: string): boolean {
  return isIPv4(host) ? host.startsWith('127.') : host === '::1'
}
