/** Runs the program in a test: a client that does nothing, a console that remembers, files of one torrc. */
import { connect } from 'node:net'
import type { StreamOpener, StreamOptions } from '../../../core/client/client-port.ts'
import type { ClientConfig } from '../../../core/client/config.ts'
import type { ClientStatus } from '../../../core/client/status.ts'
import type { StreamHost, StreamTarget } from '../../../core/client/stream-target.ts'
import type { DaemonClient } from '../../../core/daemon/daemon.ts'
import {
  type Ending,
  type ProgramHost,
  type ProgramSignal,
  runProgram,
} from '../../../core/daemon/program.ts'
import type { ProcessTable } from '../../../core/persist/process-identity.ts'
import { systemClock } from '../../../core/util/clock.ts'
import type { ByteStream } from '../../../core/util/byte-stream.ts'
import { createDeferred } from '../../../core/util/deferred.ts'
import { TorError } from '../../../core/util/errors.ts'
import { type Logger, silentLogger } from '../../../core/util/log.ts'
import { WatchedValue } from '../../../core/util/watched-value.ts'

export const STATUS: ClientStatus = {
  bootstrap: { phase: 'starting', progress: undefined, blockage: undefined, isConnected: false },
  channels: [],
  circuits: [],
  streams: [],
  sites: [],
  verifiedMs: undefined,
  bandwidth: { readBytes: 0, writtenBytes: 0 },
  surroundings: { clockSkew: undefined, network: 'unknown', isDormant: false },
  bridges: [],
}

export class FakeClient implements DaemonClient {
  readonly status = new WatchedValue(STATUS)
  readonly bootstrapped = createDeferred<void>()
  isClosed = false
  isBootstrapping = false
  readonly reconfigured: ClientConfig[] = []
  /** What reconfigure throws next. */
  refusal: TorError | undefined
  /** Who opens streams; nobody without one. */
  opener: Pick<StreamOpener, 'openStream'> | undefined

  bootstrapWhenAwake(): Promise<void> {
    this.isBootstrapping = true
    return this.bootstrapped.promise
  }

  reconfigure(config: ClientConfig): Promise<void> {
    if (this.refusal !== undefined) return Promise.reject(this.refusal)
    this.reconfigured.push(config)
    return Promise.resolve()
  }

  close(): Promise<void> {
    this.isClosed = true
    this.bootstrapped.reject(new TorError('closed', 'the client is closed'))
    return Promise.resolve()
  }

  openStream(target: StreamTarget, options: StreamOptions): Promise<ByteStream> {
    return this.opener?.openStream(target, options) ?? Promise.reject(new TorError('no-path', 'no network'))
  }

  resolve(): Promise<never> {
    return Promise.reject(new TorError('no-path', 'no network'))
  }

  nameBehind(): undefined {}

  destinationOf(asked: StreamHost): StreamHost {
    return asked
  }

  resolveAddress(): Promise<never> {
    return Promise.reject(new TorError('no-path', 'no network'))
  }
}

export class Run {
  /** The torrc that `-f /torrc` reads. */
  torrc: string | undefined
  readonly client = new FakeClient()
  readonly ending = createDeferred<Ending>()
  readonly processes: ProcessTable & { isThere: boolean } = {
    isThere: true,
    self: () => Promise.resolve({ pid: 4711, startToken: undefined }),
    identify: (pid) => Promise.resolve({ pid, startToken: undefined }),
    isAlive: () => Promise.resolve(this.processes.isThere),
    uptimeMs: () => 0,
  }
  signal: (signal: ProgramSignal) => void = () => {}
  readonly configs: ClientConfig[] = []
  readonly code: Promise<number>
  log: Logger = silentLogger
  out = ''
  err = ''

  constructor(directory: string, args: readonly string[], more: Partial<ProgramHost> = {}, torrc?: string) {
    this.torrc = torrc
    this.code = runProgram({
      args,
      console: {
        stdout: (text) => {
          this.out += text
        },
        stderr: (text) => {
          this.err += text
        },
      },
      files: {
        env: { XDG_CONFIG_HOME: directory, XDG_DATA_HOME: directory },
        read: (path) => (path === '/torrc' ? this.torrc : undefined),
        list: () => undefined,
        readStdin: () => '',
      },
      clock: systemClock,
      createClient: (config, { log }) => {
        this.log = log
        this.configs.push(config)
        return Promise.resolve(this.client)
      },
      processId: 4711,
      processes: this.processes,
      onSignal: (listener) => {
        this.signal = listener
      },
      platform: 'a test',
      ending: this.ending.promise,
      ...more,
    })
  }

  /** Lets what was asked for come to its end, where no line of the log says so. */
  async settle(): Promise<void> {
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
  }

  async until(text: string): Promise<void> {
    while (!this.out.includes(text)) await new Promise((resolve) => setTimeout(resolve, 1))
  }
}

/** Whether nobody listens there. */
export const isRefused = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port })
    socket.on('connect', () => {
      socket.destroy()
      resolve(false)
    })
    socket.on('error', () => resolve(true))
  })
