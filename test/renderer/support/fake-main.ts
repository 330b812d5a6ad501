/**
 * The test double of the app's main process, derived from the contract: it validates every argument with the same
 * schemas, answers each command by a typed handler, owns a whole snapshot and sends numbered events.
 */
import * as v from 'valibot'
import {
  type AppEventName,
  type AppEvents,
  type CommandArgument,
  type CommandHandlers,
  type CommandName,
  type CommandOutcome,
  type CommandResult,
  COMMANDS,
} from '../../../electron/ipc/contract.ts'
import type { AppSnapshot } from '../../../electron/ipc/snapshot.ts'

export interface RecordedCall {
  readonly name: string
  readonly argument: unknown
}

/** Thrown by a handler: the command then fails with this kind. */
export class CommandFailure extends Error {
  readonly kind: string

  constructor(kind: string, detail = 'a failure made by the test') {
    super(detail)
    this.kind = kind
  }
}

type Sender = (name: AppEventName, value: unknown) => Promise<void>

export class FakeMain {
  /** Every command but the reading of the snapshot, in the order in which they came. */
  readonly calls: RecordedCall[] = []
  /** How often the whole snapshot was read. */
  reads = 0
  #snapshot: AppSnapshot
  #sequence = 1
  #send: Sender = async () => {}
  readonly #handlers: CommandHandlers

  constructor(snapshot: AppSnapshot, handlers: Partial<CommandHandlers> = {}) {
    this.#snapshot = snapshot
    this.#handlers = { ...this.#defaultHandlers(), ...handlers }
  }

  get snapshot(): AppSnapshot {
    return this.#snapshot
  }

  /** Where events go from now on. */
  connect(send: Sender): void {
    this.#send = send
  }

  /** Replaces sections and tells the page. */
  async change(sections: Partial<AppSnapshot>): Promise<void> {
    this.#snapshot = { ...this.#snapshot, ...sections }
    this.#sequence += 1
    await this.#send('snapshot.changed', { sequence: this.#sequence, value: sections })
  }

  /** Replaces sections, but the event about it is lost. */
  changeUnheard(sections: Partial<AppSnapshot>): void {
    this.#snapshot = { ...this.#snapshot, ...sections }
    this.#sequence += 1
  }

  async emit<Name extends Exclude<AppEventName, 'snapshot.changed'>>(
    name: Name,
    value: AppEvents[Name],
  ): Promise<void> {
    await this.#send(name, value)
  }

  callsOf<Name extends CommandName>(name: Name): readonly CommandArgument<Name>[] {
    return this.calls
      .filter((call) => call.name === name)
      .map((call) => call.argument as CommandArgument<Name>)
  }

  /** What the preload script's `invoke` leads to. */
  async invoke(name: string, argument: unknown): Promise<CommandOutcome<unknown>> {
    if (!isCommandName(name)) return failure('unknown-command', name)
    if (name !== 'snapshot.read') this.calls.push({ name, argument })
    try {
      return { ok: true, value: await this.#answer(name, argument) }
    } catch (thrown) {
      if (thrown instanceof CommandFailure) return failure(thrown.kind, thrown.message)
      if (thrown instanceof v.ValiError) return failure('bad-argument', thrown.message)
      throw thrown
    }
  }

  async #answer<Name extends CommandName>(name: Name, argument: unknown): Promise<CommandResult<Name>> {
    const schema: v.GenericSchema = COMMANDS[name].argument
    return this.#handlers[name](v.parse(schema, argument) as CommandArgument<Name>)
  }

  #defaultHandlers(): CommandHandlers {
    const done = async (): Promise<void> => {}
    return {
      'snapshot.read': async () => {
        this.reads += 1
        return { sequence: this.#sequence, value: this.#snapshot }
      },
      'connection.start': done,
      'connection.stop': done,
      'entry.choose': async (entry) => {
        const useBridges = entry === 'hide'
        await this.change({ settings: { ...this.#snapshot.settings, entry, useBridges } })
      },
      'circuit.close': done,
      'site.new-circuit': done,
      'site.set-policy': done,
      'site.forget': done,
      'site-rules.set-aside': done,
      'exit-countries.list': async () => [
        { country: 'de', exits: 412, share: 0.31, entropyLostBits: 1.7 },
        { country: 'nl', exits: 233, share: 0.17, entropyLostBits: 2.5 },
        { country: 'is', exits: 6, share: 0.004, entropyLostBits: 7.9 },
      ],
      'identity.new': async () => ({ changed: [], kept: [] }),
      'bridges.check': async () => [],
      'bridges.add': async () => [],
      'bridges.remove': done,
      'bridges.enable': done,
      'bridges.choose-built-in': done,
      'bridges.read-qr-from-screen': async () => null,
      'ways.skip': done,
      'ways.keep': done,
      'ways.undo': done,
      'ways.forget-networks': done,
      'help.ask': async ({ country }) => ({ country: country ?? undefined, settings: [] }),
      'help.cancel': done,
      'lists.refresh': done,
      'bridges.save-file': async () => 'saved',
      'bridges.open-file': async () => ({ kind: 'cancelled' }),
      'bridges.unlock-file': async () => '',
      'system-proxy.set': async (isWanted) => {
        await this.change({
          settings: { ...this.#snapshot.settings, systemProxy: isWanted },
          systemProxy: { ...this.#snapshot.systemProxy, isWanted },
        })
      },
      'system-proxy.reapply': done,
      'protection.check': done,
      'doctor.run': done,
      'doctor.stop': done,
      'settings.change': async (change) => {
        await this.change({ settings: { ...this.#snapshot.settings, ...withoutUndefined(change) } })
      },
      'log.read': async () => [],
      'support.preview': async () => '',
      'clipboard.write': done,
      'app.quit': done,
    }
  }
}

type Settings = AppSnapshot['settings']

function withoutUndefined(
  change: { readonly [Key in keyof Settings]?: Settings[Key] | undefined },
): Partial<Settings> {
  return Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined))
}

function isCommandName(name: string): name is CommandName {
  return Object.hasOwn(COMMANDS, name)
}

function failure(kind: string, detail: string): CommandOutcome<never> {
  return { ok: false, error: { kind, detail } }
}
