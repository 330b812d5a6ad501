/**
 * Measures our channel, circuit and stream alone: CPU time for each gigabyte that comes through three hops from a
 * sender in another process, whose own work does not count.
 */
import { fork } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { build } from 'esbuild'
import { Channel } from '../../core/channel/channel.ts'
import { Circuit } from '../../core/circuit/circuit.ts'
import { calibrateCrypto } from '../../core/crypto/calibration.ts'
import { systemRandom } from '../../core/crypto/system-random.ts'
import { parseEd25519Identity, parseRsaIdentity } from '../../core/linkspec/relay-ids.ts'
import type { CircuitTarget } from '../../core/linkspec/relay-target.ts'
import { DataStream } from '../../core/stream/data-stream.ts'
import { systemClock } from '../../core/util/clock.ts'
import type { TorError } from '../../core/util/errors.ts'
import { channelDeps } from '../network/client-side.ts'
import type { SyntheticGuardReady } from './synthetic-guard.ts'

export interface ReceivePathOptions {
  /** Payload of one download; the sender holds all of it in memory, encrypted. */
  readonly bytes: number
}

export interface ReceivePathResult {
  /** User and system time of this process, for 10^9 bytes of payload. */
  readonly cpuSecondsPerGB: number
  /** 10^6 bytes of payload in a second. */
  readonly megabytesPerSecond: number
}

/** One download, after a smaller one that warms the code up. Run it from the package's root. */
export async function measureReceivePath({ bytes }: ReceivePathOptions): Promise<ReceivePathResult> {
  const directory = await mkdtemp(join(tmpdir(), 'allium-synthetic-'))
  try {
    const script = join(directory, 'synthetic-guard.mjs')
    await build({
      entryPoints: [resolve('test/bench/synthetic-guard.ts')],
      outfile: script,
      bundle: true,
      platform: 'node',
      format: 'esm',
      logLevel: 'warning',
    })
    const guard = fork(script, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
    try {
      const ready = await new Promise<SyntheticGuardReady>((onReady, onError) => {
        guard.once('message', (message) => onReady(message as SyntheticGuardReady))
        guard.once('error', onError)
        guard.once('exit', (code) => onError(new Error(`the synthetic guard ended with ${code}`)))
      })
      return await measure(ready, bytes)
    } finally {
      guard.removeAllListeners('exit')
      guard.disconnect()
    }
  } finally {
    await rm(directory, { recursive: true })
  }
}

async function measure(ready: SyntheticGuardReady, bytes: number): Promise<ReceivePathResult> {
  calibrateCrypto(systemClock)
  const [guard, middle, exit] = ready.relays.map((relay, index) => targetOf(relay, ready.port + index))
  const endpoint = guard?.endpoints[0]
  if (guard === undefined || middle === undefined || exit === undefined || endpoint === undefined) {
    throw new Error('the synthetic guard plays three relays')
  }
  const parts = channelDeps(systemClock)
  const channel = await Channel.open(guard, endpoint, parts, undefined)
  try {
    const deps = { random: systemRandom, queues: parts.queues, extendByEd25519: true }
    const circuit = await Circuit.create(channel, guard, deps)
    await circuit.extend(middle)
    await circuit.extend(exit)
    await download(circuit, Math.min(bytes, 20_000_000))
    return await download(circuit, bytes)
  } finally {
    channel.close()
  }
}

function targetOf(relay: SyntheticGuardReady['relays'][number], port: number): CircuitTarget {
  return {
    ids: { rsa: parseRsaIdentity(relay.rsa), ed25519: parseEd25519Identity(relay.ed25519) },
    endpoints: [{ host: '127.0.0.1', port }],
    ntorKey: Buffer.from(relay.ntorKey, 'hex'),
    hasNtorV3: true,
    hasCongestionControl: false,
    nickname: 'synthetic',
  }
}

/** From CONNECTED to END. */
async function download(circuit: Circuit, bytes: number): Promise<ReceivePathResult> {
  const begin = { kind: 'begin', host: `bytes-${bytes}.test`, port: 80, flags: 0 } as const
  const deps = { random: systemRandom, allowInternalAddresses: false }
  const stream = await DataStream.open(circuit, begin, deps)
  const startCpu = process.cpuUsage()
  const startMs = systemClock.monotonicMs()
  let received = 0
  const error = await new Promise<TorError | undefined>((onClose) =>
    stream.setSink({
      onData(chunk) {
        received += chunk.length
        return true
      },
      onEnd() {},
      onClose,
      onDrain() {},
    }),
  )
  if (error !== undefined) throw error
  const seconds = (systemClock.monotonicMs() - startMs) / 1000
  const cpu = process.cpuUsage(startCpu)
  if (received < bytes) throw new Error(`only ${received} of ${bytes} bytes came`)
  const cpuSeconds = (cpu.user + cpu.system) / 1e6
  return { cpuSecondsPerGB: (cpuSeconds / received) * 1e9, megabytesPerSecond: received / seconds / 1e6 }
}
