/**
 * The transports that plugins of the user's speak, of one client: which there are follows from the settings each time
 * that somebody asks, and what they no longer need is stopped.
 */
import { join, resolve } from 'node:path'
import type { Duplex } from 'node:stream'
import type { BridgeLine } from '../../linkspec/bridge-line.ts'
import { systemCodeOf, TorError } from '../../util/errors.ts'
import type { PluggableTransport } from '../pluggable-transport.ts'
import type { UpstreamProxy } from '../upstream-proxy.ts'
import { ManagedPlugin, type PluginTools } from './managed-plugin.ts'
import { connectThroughPlugin } from './plugin-dialler.ts'
import type { PluginSurroundings } from './plugin-environment.ts'
import { joinSocksArguments } from './socks-arguments.ts'
import { type ExecPlugin, isPluginNeeded, pluginFor, type TransportPlugin } from './transport-plugin.ts'

export interface PluginSettings {
  readonly transportPlugins: readonly TransportPlugin[]
  readonly bridges: readonly BridgeLine[] | undefined
  readonly upstreamProxy: UpstreamProxy | undefined
  readonly outboundBindAddress: PluginSurroundings['bindAddress']
  readonly isNetworkDisabled: boolean
  /** Plugins keep their state in a folder of it; without one they are not started. */
  readonly dataDirectory: string | undefined
}

/** C tor's name for it. */
const STATE_FOLDER = 'pt_state'

export class ExternalTransports {
  readonly #settings: () => PluginSettings
  readonly #tools: PluginTools
  /** By all that they were started with. */
  readonly #managed = new Map<string, ManagedPlugin>()
  readonly #stopping = new Set<Promise<void>>()
  #isClosed = false

  /** Call `settingsChanged` when they do. */
  constructor(settings: () => PluginSettings, tools: PluginTools) {
    this.#settings = settings
    this.#tools = tools
  }

  /** Undefined where no plugin is configured for the transport. Nothing is started before it connects. */
  transportFor(name: string): PluggableTransport | undefined {
    if (pluginFor(this.#settings().transportPlugins, name) === undefined) return undefined
    return {
      name,
      check: (line) => void joinSocksArguments(line.args),
      connect: async (line, { clock, way }, signal) => {
        const plugin = this.#pluginInUse(name, way.proxy)
        if (plugin.kind !== 'exec') {
          checkNoProxy(way.proxy)
          return connectThroughPlugin({ socks: plugin.kind, endpoint: plugin.endpoint }, line, clock, signal)
        }
        const managed = this.#managedFor(plugin)
        const connect = async (): Promise<Duplex> =>
          connectThroughPlugin(await managed.methodFor(name, signal), line, clock, signal)
        try {
          return await connect()
        } catch (error) {
          // One that has just ended is started again, and the bridge is not to blame.
          const mayBeGone = systemCodeOf(error) === 'ECONNREFUSED' && !signal.aborted
          if (mayBeGone && (await managed.whenGone(signal))) return connect()
          throw error
        }
      },
    }
  }

  /** Stops what is not needed any more, or not as it was started. What is needed starts with the next connection. */
  settingsChanged(): void {
    const settings = this.#settings()
    const { transportPlugins, bridges, isNetworkDisabled } = settings
    const needed = transportPlugins
      .filter((plugin) => plugin.kind === 'exec')
      .filter((plugin) => !isNetworkDisabled && isPluginNeeded(plugin, transportPlugins, bridges))
    this.#stopAllBut(new Set(needed.map((plugin) => keyOf(plugin, settings))))
  }

  /** Resolves when no process is left. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.#stopAllBut(new Set())
    await Promise.all(this.#stopping)
  }

  /** Refused where the settings have changed since somebody asked for the transport. */
  #pluginInUse(name: string, proxy: UpstreamProxy | undefined): TransportPlugin {
    const { transportPlugins, bridges, isNetworkDisabled, upstreamProxy } = this.#settings()
    const plugin = pluginFor(transportPlugins, name)
    const isSameProxy = JSON.stringify(proxy) === JSON.stringify(upstreamProxy)
    if (plugin !== undefined && isSameProxy && !this.#isClosed && !isNetworkDisabled) {
      if (isPluginNeeded(plugin, transportPlugins, bridges)) return plugin
    }
    throw new TorError('closed', 'the transport plugin is not used any more', { retry: 'elsewhere' })
  }

  #managedFor(plugin: ExecPlugin): ManagedPlugin {
    const settings = this.#settings()
    const key = keyOf(plugin, settings)
    const known = this.#managed.get(key)
    if (known !== undefined) return known
    const made = new ManagedPlugin(plugin, surroundingsOf(plugin, settings), this.#tools)
    this.#managed.set(key, made)
    return made
  }

  #stopAllBut(kept: ReadonlySet<string>): void {
    for (const [key, plugin] of this.#managed) {
      if (kept.has(key)) continue
      this.#managed.delete(key)
      const stopping = plugin.stop()
      this.#stopping.add(stopping)
      void stopping.then(() => this.#stopping.delete(stopping))
    }
  }
}

function keyOf(plugin: ExecPlugin, settings: PluginSettings): string {
  const { upstreamProxy, outboundBindAddress, dataDirectory } = settings
  return JSON.stringify([plugin, upstreamProxy, outboundBindAddress, dataDirectory])
}

function surroundingsOf(plugin: ExecPlugin, settings: PluginSettings): PluginSurroundings {
  const { dataDirectory, upstreamProxy, outboundBindAddress } = settings
  if (dataDirectory === undefined) throw noStateFolder()
  return {
    transports: plugin.transports,
    stateDirectory: join(resolve(dataDirectory), STATE_FOLDER),
    proxy: upstreamProxy,
    bindAddress: outboundBindAddress,
  }
}

/** Nobody could tell such a plugin of the proxy, and it would go around it. */
function checkNoProxy(proxy: UpstreamProxy | undefined): void {
  if (proxy === undefined) return
  throw new TorError(
    'proxy-failed',
    'a transport plugin by SOCKS cannot be told of the upstream proxy, and would go around it',
  )
}

/** Throws `bad-config`, in words, where plugins and bridges or the proxy do not go together. */
export function checkPlugins(
  settings: Pick<PluginSettings, 'transportPlugins' | 'bridges' | 'upstreamProxy' | 'dataDirectory'>,
): void {
  const { transportPlugins, bridges, upstreamProxy, dataDirectory } = settings
  const needed = transportPlugins.filter((plugin) => isPluginNeeded(plugin, transportPlugins, bridges))
  if (upstreamProxy !== undefined && needed.some(({ kind }) => kind !== 'exec')) {
    throw new TorError('bad-config', 'a transport plugin by SOCKS cannot be used with an upstream proxy')
  }
  if (dataDirectory === undefined && needed.some(({ kind }) => kind === 'exec')) throw noStateFolder()
}

function noStateFolder(): TorError {
  return new TorError('bad-config', 'a transport plugin needs a DataDirectory to keep its state in')
}
