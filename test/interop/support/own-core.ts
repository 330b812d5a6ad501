/** The core's parts in the test's own process, for what no command line shows: circuits along chosen paths, and sets of them. */
import type { Circuit } from '../../../core/circuit/circuit.ts'
import { type ClientParts, createClientParts } from '../../../core/client/client-parts.ts'
import { ConfluxSet } from '../../../core/conflux/conflux-set.ts'
import { confluxParams, DesiredUx } from '../../../core/conflux/conflux-params.ts'
import { systemRandom } from '../../../core/crypto/system-random.ts'
import { parseClientConfig } from '../../../core/daemon/torrc-config.ts'
import type { ChannelTarget } from '../../../core/linkspec/relay-target.ts'
import type { NetDir } from '../../../core/netdir/net-dir.ts'
import { MemoryStateStore } from '../../../core/persist/memory-state-store.ts'
import { NO_OUTSIDE } from '../../../core/transport/outside.ts'
import { systemClock } from '../../../core/util/clock.ts'
import { silentLogger } from '../../../core/util/log.ts'
import { waitUntil } from '../../../core/util/watched-value.ts'
import { clientLines, type TorNetworkRecord } from './tor-network.ts'

const LINK_TIMEOUT_MS = 10_000

export class OwnCore {
  readonly parts: ClientParts
  readonly netDir: NetDir

  private constructor(parts: ClientParts, netDir: NetDir) {
    this.parts = parts
    this.netDir = netDir
  }

  /** Resolves when there is a directory; no circuit is built but for that. */
  static async start(network: TorNetworkRecord, extraLines: readonly string[] = []): Promise<OwnCore> {
    const config = parseClientConfig([...clientLines(network), ...extraLines].join('\n'), '/nonexistent')
    const tools = { log: silentLogger, clock: systemClock, random: systemRandom, outside: NO_OUTSIDE }
    const parts = await createClientParts(config, tools, new MemoryStateStore())
    const { directory, bridges, view, lifetime } = parts
    bridges.start()
    await directory.start(lifetime.signal)
    const netDir = await waitUntil(view, (value) => value !== undefined, lifetime.signal)
    if (netDir === undefined) throw new Error('no directory')
    return new OwnCore(parts, netDir)
  }

  /** A circuit through the relays with these nicknames. */
  build(...nicknames: readonly string[]): Promise<Circuit> {
    const path = nicknames.map((nickname) => this.#rowOf(nickname))
    return this.parts.builder.build({ netDir: this.netDir, path, purpose: 'exit' })
  }

  /** Where the relay with this nickname is reached. */
  targetOf(nickname: string): ChannelTarget {
    const { ids, endpoints } = this.netDir.circuitTarget(this.#rowOf(nickname))
    return { ids, endpoints }
  }

  /** A linked set of circuits along these paths. */
  async link(
    paths: readonly (readonly string[])[],
    desiredUx: DesiredUx = DesiredUx.HIGH_THROUGHPUT,
  ): Promise<ConfluxSet> {
    const circuits = await Promise.all(paths.map((path) => this.build(...path)))
    const { clock, random, queues } = this.parts
    const params = confluxParams(this.netDir.params)
    return ConfluxSet.link(circuits, {
      clock,
      random,
      queues,
      params,
      desiredUx,
      linkTimeoutMs: LINK_TIMEOUT_MS,
    })
  }

  #rowOf(nickname: string): number {
    for (let index = 0; index < this.netDir.relayCount; index++) {
      if (this.netDir.relay(index).nickname === nickname) return index
    }
    throw new Error(`no relay is called ${nickname}`)
  }

  async close(): Promise<void> {
    const { lifetime, board, circuits, bridges, directory, surroundings, channels, guards } = this.parts
    lifetime.abort()
    board.close()
    circuits.close()
    await bridges.close()
    await directory.close()
    await surroundings.close()
    channels.close()
    await guards.close()
  }
}
