/**
 * A plugin that we start when a bridge needs it, start again when it has ended by itself, and stop. What it is told
 * cannot change while it runs: another proxy needs another one.
 */
import { mkdir } from 'node:fs/promises'
import { abortable, createLifetime, throwIfAborted } from '../../util/abort.ts'
import { type Clock, sleep } from '../../util/clock.ts'
import { TorError, toTorError } from '../../util/errors.ts'
import type { Logger } from '../../util/log.ts'
import type { Random } from '../../util/random.ts'
import { RetryDelay } from '../../util/retry-delay.ts'
import { type PluginSurroundings, secretsOf } from './plugin-environment.ts'
import { type PluginOffer, pluginFailed } from './plugin-handshake.ts'
import type { PluginMethod } from './plugin-lines.ts'
import { PluginLog } from './plugin-log.ts'
import { PluginRun } from './plugin-run.ts'
import type { ExecPlugin } from './transport-plugin.ts'

const RETRY_BASE_MS = 500
const RETRY_MAX_MS = 60_000
/** A connection waits for a restart that is so near; of one that is further off it is told. */
const MAX_WAIT_MS = 5_000
/** The end of a process comes a moment after the end of its sockets. */
const NOTICE_MS = 500
/** One that ran for so long was no failure. */
const HEALTHY_MS = 60_000

export interface PluginTools {
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
}

export class ManagedPlugin {
  readonly #plugin: ExecPlugin
  readonly #surroundings: PluginSurroundings
  readonly #clock: Clock
  readonly #log: PluginLog
  readonly #retry: RetryDelay
  readonly #lifetime = createLifetime()
  #notBeforeMs = Number.NEGATIVE_INFINITY
  /** While it starts, and while it runs. */
  #started: Promise<PluginOffer> | undefined
  #run: PluginRun | undefined

  constructor(plugin: ExecPlugin, surroundings: PluginSurroundings, { clock, random, log }: PluginTools) {
    this.#plugin = plugin
    this.#surroundings = surroundings
    this.#clock = clock
    this.#log = new PluginLog(log, clock, plugin.transports.join(', '), secretsOf(surroundings.proxy))
    this.#retry = new RetryDelay(random, RETRY_BASE_MS, RETRY_MAX_MS)
  }

  /**
   * Where the plugin takes connections for the transport; it is started if it does not run. Rejects with
   * `channel-failed`, `proxy-failed`, `closed` when it was stopped, or the signal's error.
   */
  async methodFor(transport: string, signal: AbortSignal): Promise<PluginMethod> {
    throwIfAborted(this.#lifetime.signal)
    this.#started ??= this.#begin()
    const { methods } = await abortable(this.#started, signal)
    const method = methods.get(transport)
    if (method === undefined) throw pluginFailed(`does not offer the transport ${transport}`)
    return method
  }

  /** After its address took no connection: waits until its end is noticed, if that is why. */
  async whenGone(signal: AbortSignal): Promise<boolean> {
    const run = this.#run
    if (run === undefined) return true
    const ended = run.ended.then(() => true)
    const wait = new AbortController()
    const given = sleep(this.#clock, NOTICE_MS, wait.signal).then(
      () => false,
      () => false,
    )
    try {
      return await abortable(Promise.race([ended, given]), signal)
    } finally {
      wait.abort()
    }
  }

  /** For good. Resolves when its process has ended. */
  async stop(): Promise<void> {
    this.#lifetime.abort(
      new TorError('closed', 'the transport plugin is not used any more', { retry: 'elsewhere' }),
    )
    await this.#run?.stop()
  }

  #begin(): Promise<PluginOffer> {
    const started = this.#start()
    const forget = (): void => {
      if (this.#started === started) this.#started = undefined
    }
    started.catch(forget)
    return started
  }

  async #start(): Promise<PluginOffer> {
    const { signal } = this.#lifetime
    // One that failed to start may take its time to end.
    if (this.#run !== undefined) await abortable(this.#run.ended, signal)
    await this.#waitForTurn()
    try {
      await mkdir(this.#surroundings.stateDirectory, { recursive: true, mode: 0o700 })
      throwIfAborted(signal)
      const run = new PluginRun(this.#plugin, this.#surroundings, this.#clock, this.#log)
      this.#run = run
      const offer = await run.offer
      const readyMs = this.#clock.monotonicMs()
      void run.ended.then(() => this.#onEnd(this.#clock.monotonicMs() - readyMs))
      this.#log.note('info', 'is ready')
      return offer
    } catch (error) {
      this.#noteFailure()
      throw toTorError(error, 'channel-failed', 'starting a transport plugin')
    }
  }

  async #waitForTurn(): Promise<void> {
    const waitMs = this.#notBeforeMs - this.#clock.monotonicMs()
    if (waitMs > MAX_WAIT_MS) {
      throw pluginFailed(`fails again and again; it is tried again in ${Math.ceil(waitMs / 1_000)} seconds`)
    }
    if (waitMs > 0) await sleep(this.#clock, waitMs, this.#lifetime.signal)
  }

  /** Of one that was ready. */
  #onEnd(servedMs: number): void {
    this.#run = undefined
    this.#started = undefined
    if (servedMs >= HEALTHY_MS) this.#retry.reset()
    this.#noteFailure()
  }

  #noteFailure(): void {
    this.#notBeforeMs = this.#clock.monotonicMs() + this.#retry.nextMs()
  }
}
