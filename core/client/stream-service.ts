/** Serves the applications' requests: streams and look-ups, each checked, shown in the status and bounded in time. */
import type { AssignedCircuit } from '../circuit-manager/circuit-manager.ts'
import { UNISOLATED } from '../circuit-manager/isolation.ts'
import type { ExitUsage } from '../circuit-manager/pooled-circuit.ts'
import { DataStream } from '../stream/data-stream.ts'
import { resolveName } from '../stream/resolve-stream.ts'
import { withTimeout } from '../util/abort.ts'
import type { ByteStream } from '../util/byte-stream.ts'
import { TorError } from '../util/errors.ts'
import { waitUntil } from '../util/watched-value.ts'
import { beginMessage, checkTarget, exitUsage } from './begin-request.ts'
import type { ClientParts } from './client-parts.ts'
import type { ResolvedAddress, ResolvedName, StreamOpener, StreamOptions } from './client-port.ts'
import { ExitNotes } from './exit-notes.ts'
import { InitialData } from './initial-data.ts'
import type { StreamStatus } from './status.ts'
import { parseStreamHost, type StreamTarget } from './stream-target.ts'
import { tryOnCircuits } from './stream-tries.ts'

/** Changes the request's row in the status, or ends it. */
type ShowStream = (next?: Pick<StreamStatus, 'state' | 'circuitId'>) => void

export class StreamService implements StreamOpener {
  readonly #parts: ClientParts
  readonly #notes: ExitNotes

  constructor(parts: ClientParts) {
    this.#parts = parts
    this.#notes = new ExitNotes(parts.clock)
  }

  async openStream(target: StreamTarget, options: StreamOptions = {}): Promise<ByteStream> {
    const initialData = new InitialData(options.initialData)
    const shownTarget = `${target.host}:${target.port}`
    try {
      return await this.#request(shownTarget, target, options, (signal, show) => {
        const usage = exitUsage(target, (options.isolation ?? UNISOLATED).key)
        return this.#tryOnCircuits(usage, shownTarget, signal, (assigned, inner) =>
          this.#open(target, initialData, assigned, inner, show),
        )
      })
    } finally {
      initialData.drop()
    }
  }

  async resolve(host: string, options: StreamOptions = {}): Promise<readonly ResolvedAddress[]> {
    const target = parseStreamHost(host)
    if (target.kind === 'ipv4' || target.kind === 'ipv6') {
      return [{ address: target.host, family: target.kind, ttlSeconds: 0 }]
    }
    return this.#request(target.host, target, options, async (signal, show) => {
      const usage: ExitUsage = {
        isolation: (options.isolation ?? UNISOLATED).key,
        family: undefined,
        port: undefined,
      }
      const allowsInternal = !this.#parts.config.value.rejectInternalAddresses
      const answers = await this.#tryOnCircuits(usage, target.host, signal, (assigned, inner) => {
        show({ state: 'connecting', circuitId: assigned.circuit.id })
        return resolveName(assigned.circuit, target.host, allowsInternal, inner)
      })
      show()
      return answers
    })
  }

  resolveAddress(): Promise<readonly ResolvedName[]> {
    return Promise.reject(new TorError('resolve-failed', 'names of addresses cannot be looked up yet'))
  }

  async #open(
    target: StreamTarget,
    initialData: InitialData,
    assigned: AssignedCircuit,
    signal: AbortSignal,
    show: ShowStream,
  ): Promise<ByteStream> {
    const { random, meter, config } = this.#parts
    const { circuit } = assigned
    show({ state: 'connecting', circuitId: circuit.id })
    const deps = { random, meter, allowInternalAddresses: !config.value.rejectInternalAddresses }
    const stream = await DataStream.open(circuit, beginMessage(target, assigned), deps, {
      signal,
      initialData: initialData.bytes,
    })
    void stream.closed.then(() => show())
    show({ state: 'open', circuitId: circuit.id })
    return stream
  }

  /** One request: checked, shown, bounded in time, waiting for a directory if need be. */
  async #request<T>(
    shownTarget: string,
    target: Pick<StreamTarget, 'host' | 'kind'>,
    options: StreamOptions,
    work: (signal: AbortSignal, show: ShowStream) => Promise<T>,
  ): Promise<T> {
    const { config, clock, directory, board, lifetime } = this.#parts
    checkTarget(target, config.value.rejectInternalAddresses)
    if (lifetime.signal.aborted) throw new TorError('closed', 'the client is closed')
    const show = board.addStream(shownTarget)
    try {
      const limitMs = config.value.streamTimeoutMs
      return await withTimeout(clock, limitMs, 'the request', options.signal, async (signal) => {
        await waitUntil(directory.current, (netDir) => netDir !== undefined, signal)
        return work(signal, show)
      })
    } catch (error) {
      show()
      throw error
    }
  }

  #tryOnCircuits<T>(
    usage: ExitUsage,
    target: string,
    signal: AbortSignal,
    attempt: (assigned: AssignedCircuit, signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const { circuits, clock, log, config } = this.#parts
    const { circuitStreamTimeoutMs, rejectInternalAddresses } = config.value
    const parts = { circuits, clock, log: log.in('app'), notes: this.#notes, circuitStreamTimeoutMs }
    const limits = { allowsIpv4: true, allowsIpv6: true, allowsInternalAddresses: !rejectInternalAddresses }
    return tryOnCircuits(parts, { usage, target, limits }, signal, attempt)
  }
}
