/** One life of a plugin's process: what it offers, what it says, and how it ended. */
import type { Clock } from '../../util/clock.ts'
import { createDeferred } from '../../util/deferred.ts'
import { type TorError, toTorError } from '../../util/errors.ts'
import { LineSplitter } from './line-splitter.ts'
import { pluginEnvironment, type PluginSurroundings } from './plugin-environment.ts'
import { PluginHandshake, type PluginOffer, pluginFailed } from './plugin-handshake.ts'
import { type PluginLine, parsePluginLine } from './plugin-lines.ts'
import { LEVEL_OF_SEVERITY, type PluginLog } from './plugin-log.ts'
import { type PluginProcess, startPluginProcess } from './plugin-process.ts'
import type { ExecPlugin } from './transport-plugin.ts'

/**
 * Programs are ready in a tenth of a second; a slow disk may take more. It is less than a channel may take, so that the
 * words are those below.
 */
const START_LIMIT_MS = 10_000
/** What a plugin may write in one period; all that it needs to say has a few hundred bytes. */
const MAX_OUTPUT_BYTES = 262_144
const OUTPUT_PERIOD_MS = 60_000

export class PluginRun {
  /** Resolves when the plugin can be used; rejects when it never can, and then it is being stopped. */
  readonly offer: Promise<PluginOffer>
  /** Resolves when the process has ended. */
  readonly ended: Promise<void>
  readonly #log: PluginLog
  readonly #handshake: PluginHandshake
  readonly #process: PluginProcess
  readonly #offer = createDeferred<PluginOffer>()
  readonly #end = createDeferred<void>()
  readonly #clock: Clock
  #outputBytes = 0
  #periodStartMs: number
  #isStarting = true
  #isStopping = false

  /** Throws what the system says of a program that it does not even try to start. */
  constructor(plugin: ExecPlugin, surroundings: PluginSurroundings, clock: Clock, log: PluginLog) {
    this.#log = log
    this.#clock = clock
    this.#periodStartMs = clock.monotonicMs()
    this.#handshake = new PluginHandshake(surroundings.transports, surroundings.proxy !== undefined)
    this.offer = this.#offer.promise
    this.offer.catch(() => {})
    this.ended = this.#end.promise
    const lines = new LineSplitter(
      (line) => this.#onLine(parsePluginLine(line)),
      () => this.#onLine({ kind: 'malformed', keyword: '' }),
    )
    const words = new LineSplitter(
      (line) => this.#log.quote('info', line),
      () => {},
    )
    const sink = {
      onOutput: (bytes: Buffer) => this.#onOutput(bytes, lines),
      onErrorOutput: (bytes: Buffer) => this.#onOutput(bytes, words),
      onEnd: (how: string) => this.#onEnd(how),
    }
    this.#process = startPluginProcess(plugin, pluginEnvironment(surroundings), sink, clock)
    const timer = clock.setTimer(START_LIMIT_MS, () =>
      this.#fail(pluginFailed(`is not ready after ${START_LIMIT_MS / 1_000} seconds`)),
    )
    const stopTimer = (): void => timer.cancel()
    this.offer.then(stopTimer, stopTimer)
  }

  stop(): Promise<void> {
    this.#isStopping = true
    this.#fail(pluginFailed('is stopped'))
    return this.#process.stop()
  }

  #onOutput(bytes: Buffer, lines: LineSplitter): void {
    const nowMs = this.#clock.monotonicMs()
    if (nowMs - this.#periodStartMs >= OUTPUT_PERIOD_MS) {
      this.#periodStartMs = nowMs
      this.#outputBytes = 0
    }
    this.#outputBytes += bytes.length
    if (this.#outputBytes <= MAX_OUTPUT_BYTES) return lines.push(bytes)
    if (!this.#isStarting) this.#log.note('warn', 'writes without end, and is ended')
    this.#fail(pluginFailed('writes without end'))
    this.#giveUp()
  }

  #onLine(line: PluginLine): void {
    this.#quote(line)
    if (!this.#isStarting) return
    try {
      const offer = this.#handshake.onLine(line)
      if (offer === undefined) return
      this.#isStarting = false
      this.#offer.resolve(offer)
    } catch (error) {
      this.#fail(toTorError(error, 'channel-failed', 'the transport plugin'))
    }
  }

  #quote(line: PluginLine): void {
    switch (line.kind) {
      case 'log':
        return this.#log.quote(LEVEL_OF_SEVERITY[line.severity], line.message)
      case 'env-error':
      case 'proxy-error':
        return this.#log.quote('warn', line.message)
      case 'method-error':
        return this.#log.quote('warn', `${line.transport} ${line.message}`)
      case 'status':
        return this.#log.quote('debug', line.words)
      default:
        return
    }
  }

  #fail(why: TorError): void {
    if (!this.#isStarting) return
    this.#isStarting = false
    this.#offer.reject(why)
    this.#giveUp()
  }

  /** What cannot be used must not go on running. */
  #giveUp(): void {
    this.#isStopping = true
    this.#process.silence()
    this.#process.stop().catch(() => {})
  }

  #onEnd(how: string): void {
    if (!this.#isStopping) this.#log.note('warn', how)
    if (this.#isStarting) {
      this.#isStarting = false
      this.#offer.reject(pluginFailed(how))
    }
    this.#end.resolve()
  }
}
