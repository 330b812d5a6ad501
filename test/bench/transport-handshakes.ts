/** The handshake of a transport alone, in this process: with ours, and with a plugin that runs beside it. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemRandom } from '../../core/crypto/system-random.ts'
import { type BridgeLine, parseBridgeLine } from '../../core/linkspec/bridge-line.ts'
import { ExternalTransports, type PluginSettings } from '../../core/transport/managed/external-transports.ts'
import { parseTransportPlugin } from '../../core/transport/managed/transport-plugin.ts'
import { NO_OUTSIDE } from '../../core/transport/outside.ts'
import { type PluggableTransport, transportOf } from '../../core/transport/pluggable-transport.ts'
import { transportParts } from '../../core/transport/transport-parts.ts'
import { systemClock } from '../../core/util/clock.ts'
import { silentLogger } from '../../core/util/log.ts'

const DIRECT = { proxy: undefined, localAddress: undefined }

/** Milliseconds, one for each handshake. `pluginLine` is a whole line of a torrc. */
export async function measureHandshakes(
  line: string,
  pluginLine: string,
  count: number,
): Promise<{ ours: number[]; plugin: number[] }> {
  const bridge = parseBridgeLine(line)
  const dataDirectory = mkdtempSync(join(tmpdir(), 'allium-handshakes-'))
  const settings: PluginSettings = {
    transportPlugins: [parseTransportPlugin(pluginLine.replace(/^\S+ /, ''))],
    bridges: [bridge],
    upstreamProxy: undefined,
    outboundBindAddress: { ipv4: undefined, ipv6: undefined },
    isNetworkDisabled: false,
    dataDirectory,
  }
  const tools = { clock: systemClock, random: systemRandom, log: silentLogger }
  const plugins = new ExternalTransports(() => settings, tools)
  const [ours, plugin] = [transportOf(bridge), plugins.transportFor(bridge.transport ?? '')]
  if (ours === undefined || plugin === undefined)
    throw new Error('one of the two does not have the transport')
  const times = { ours: new Array<number>(), plugin: new Array<number>() }
  try {
    // The first of each starts the plugin and compiles our code.
    for (const transport of [ours, plugin]) await timeOne(transport, bridge)
    for (let at = 0; at < count; at++) {
      times.ours.push(await timeOne(ours, bridge))
      times.plugin.push(await timeOne(plugin, bridge))
    }
  } finally {
    await plugins.close()
    rmSync(dataDirectory, { recursive: true, force: true })
  }
  return times
}

async function timeOne(transport: PluggableTransport, bridge: BridgeLine): Promise<number> {
  const parts = transportParts(DIRECT, NO_OUTSIDE, { clock: systemClock, random: systemRandom })
  const startMs = performance.now()
  const stream = await transport.connect(bridge, parts, new AbortController().signal)
  const tookMs = performance.now() - startMs
  stream.destroy()
  return tookMs
}
