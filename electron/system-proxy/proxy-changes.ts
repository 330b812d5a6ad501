/**
 * The two changes of the system's setting, each as one transaction over journal and system: pointing it at a door, and
 * putting back what was there. Nothing here knows what the app shows. The journal on the disk is the only memory, for
 * `--restore-system-proxy` may run beside the app.
 */
import { AppError } from '../app-error.ts'
import type { Clock } from '../clock.ts'
import type { ProxyAddress } from '../ipc/snapshot.ts'
import { extendJournal, type Journal, type JournalState, type JournalStore } from './journal.ts'
import {
  type ProxyBackend,
  type ProxyExceptions,
  type ProxyValues,
  type ProxyWrites,
  withoutSame,
} from './proxy-backend.ts'
import { planRestore } from './restore-plan.ts'

export interface ProxyChangesDeps {
  /** All that this system may have had; the journal says which one it is about. */
  readonly backends: readonly ProxyBackend[]
  readonly store: JournalStore
  readonly clock: Pick<Clock, 'wallMs'>
  readonly log: (level: 'warn' | 'notice', text: string) => void
}

export type RestoreOutcome =
  | { readonly kind: 'nothing-to-do' }
  /** `keptNames` were changed by somebody else since, and stay. */
  | { readonly kind: 'restored'; readonly hasChanged: boolean; readonly keptNames: readonly string[] }
  /** What was there before is not known, for the journal is broken or gone; a setting that led to us was turned off. */
  | { readonly kind: 'journal-broken'; readonly hasChanged: boolean; readonly detail: string }

function differing(backend: ProxyBackend, found: ProxyValues, writes: ProxyWrites): readonly string[] {
  return withoutSame(backend, found, writes).map(([name]) => name)
}

export class ProxyChanges {
  readonly #deps: ProxyChangesDeps

  constructor(deps: ProxyChangesDeps) {
    this.#deps = deps
  }

  /** The backend of this session, or undefined. */
  async present(): Promise<ProxyBackend | undefined> {
    for (const backend of this.#deps.backends) if (await backend.isPresent()) return backend
    return undefined
  }

  /**
   * Rejects where the setting is not in force in the end. Then a first application was undone again; one that changed
   * a setting of ours is left as far as it came, for our door is closed and the way around it would be open.
   */
  async apply(backend: ProxyBackend, door: ProxyAddress, exceptions: ProxyExceptions): Promise<void> {
    const earlier = await this.#journalFor(backend)
    const current = await backend.read()
    const wanted = backend.wanted(current, door, exceptions)
    const journal = extendJournal(backend, earlier, {
      current,
      writes: wanted,
      door,
      nowMs: this.#deps.clock.wallMs(),
    })
    const strange = Object.keys(journal.previous).find(
      (name) => !backend.isAcceptable(name, journal.previous[name] ?? null),
    )
    if (strange !== undefined) {
      throw new AppError('proxy-unreadable', `${strange} has a value that could not be put back`)
    }
    await this.#save(journal)
    try {
      await backend.write(withoutSame(backend, current, wanted))
      const wrong = differing(backend, await backend.read(), wanted)
      if (wrong.length > 0) {
        throw new AppError('proxy-not-applied', `the system did not take ${wrong.join(', ')}`)
      }
      await backend.announce()
    } catch (error) {
      if (earlier === undefined) await this.#rollBack(backend, journal, error)
      throw error
    }
  }

  /**
   * Whether the system says what `apply` made of it. `new-places`: it does wherever we were, and there are places now
   * that were not there (a network service on macOS), which go past us.
   */
  async look(
    backend: ProxyBackend,
    door: ProxyAddress,
    exceptions: ProxyExceptions,
  ): Promise<'ours' | 'changed' | 'new-places'> {
    const state = await this.#deps.store.load()
    // `--restore-system-proxy` ran beside us.
    if (state.kind !== 'kept') return 'changed'
    const current = await backend.read()
    const wrong = differing(backend, current, backend.wanted(current, door, exceptions))
    if (wrong.length === 0) return 'ours'
    return wrong.some((name) => Object.hasOwn(state.journal.previous, name)) ? 'changed' : 'new-places'
  }

  /** Puts back what the journal has. `knownDoors` are those that ours can have been, for when the journal is broken. */
  async restore(knownDoors: readonly ProxyAddress[]): Promise<RestoreOutcome> {
    const state = await this.#loadChecked()
    switch (state.kind) {
      case 'none':
        // A setting without a journal may be the person's own, with a daemon behind the door: the way around stays closed.
        return { kind: 'nothing-to-do' }
      case 'kept':
        return this.#restoreFrom(this.#backendOf(state.journal), state.journal)
      case 'broken':
        return this.#restoreBlindly(state.why, knownDoors)
    }
  }

  /** At the person's word. A data folder that was deleted took the journal with it: what leads to us is turned off. */
  async restoreOrTurnOff(knownDoors: readonly ProxyAddress[]): Promise<RestoreOutcome> {
    const outcome = await this.restore(knownDoors)
    if (outcome.kind !== 'nothing-to-do' || !(await this.#turnOff(knownDoors))) return outcome
    const detail = 'there is no journal of the old proxy settings'
    return { kind: 'journal-broken', hasChanged: true, detail }
  }

  #backendOf(journal: Journal): ProxyBackend {
    const backend = this.#deps.backends.find((each) => each.kind === journal.backend)
    const names = Object.keys(journal.previous)
    if (backend === undefined) throw new AppError('proxy-unsupported', `no ${journal.backend} on this system`)
    const strange = names.find((name) => !backend.isAcceptable(name, journal.previous[name] ?? null))
    if (strange === undefined) return backend
    throw new AppError('proxy-journal-broken', `the journal has no value for ${strange} that we would give`)
  }

  /** The journal that an application goes on with. One of another desktop is settled first. */
  async #journalFor(backend: ProxyBackend): Promise<Journal | undefined> {
    const state = await this.#loadChecked()
    if (state.kind === 'none') return undefined
    if (state.kind === 'broken') {
      await this.#restoreBlindly(state.why, [])
      return undefined
    }
    if (state.journal.backend === backend.kind) return state.journal
    await this.#restoreFrom(this.#backendOf(state.journal), state.journal)
    return undefined
  }

  /** A journal with values that no backend takes is as good as a broken one. */
  async #loadChecked(): Promise<JournalState> {
    const state = await this.#deps.store.load()
    if (state.kind !== 'kept') return state
    try {
      this.#backendOf(state.journal)
      return state
    } catch (error) {
      return { kind: 'broken', why: error instanceof Error ? error.message : String(error) }
    }
  }

  async #restoreFrom(backend: ProxyBackend, journal: Journal): Promise<RestoreOutcome> {
    const current = await backend.read()
    const { writes, keptNames } = planRestore(backend, journal, current)
    await backend.write(writes)
    const found = writes.length === 0 ? current : await backend.read()
    const wrong = differing(backend, found, writes)
    if (wrong.length > 0 || backend.leadsTo(found, journal.doors)) {
      throw new AppError('proxy-not-restored', `the system did not take back ${wrong.join(', ')}`)
    }
    if (writes.length > 0) await this.#announce(backend)
    await this.#removeJournal()
    if (keptNames.length > 0) {
      this.#deps.log('notice', `Somebody else changed ${keptNames.join(', ')} since; that stays as it is.`)
    }
    return { kind: 'restored', hasChanged: writes.length > 0, keptNames }
  }

  /**
   * First the system, then the file: if we crash in between, the next start is here again. The old values are lost
   * with the journal, but nobody is left in front of a closed door.
   */
  async #restoreBlindly(why: string, knownDoors: readonly ProxyAddress[]): Promise<RestoreOutcome> {
    const hasChanged = await this.#turnOff(knownDoors)
    const name = await this.#deps.store.setAside()
    const detail = `the journal of the old proxy settings is broken (${why}) and was kept as ${name}`
    this.#deps.log('warn', detail)
    return { kind: 'journal-broken', hasChanged, detail }
  }

  /** True where the setting led to one of these doors; then it leads nowhere. */
  async #turnOff(knownDoors: readonly ProxyAddress[]): Promise<boolean> {
    const backend = await this.present()
    if (backend === undefined) return false
    const current = await backend.read()
    if (!backend.leadsTo(current, knownDoors)) return false
    await backend.write(withoutSame(backend, current, [...backend.direct(current)].reverse()))
    if (backend.leadsTo(await backend.read(), knownDoors)) {
      throw new AppError(
        'proxy-not-restored',
        'what it was before is not known, and the setting cannot be turned off',
      )
    }
    await this.#announce(backend)
    return true
  }

  /** Undoes a first application that failed; what it cannot undo stays in the journal. */
  async #rollBack(backend: ProxyBackend, journal: Journal, cause: unknown): Promise<void> {
    try {
      await this.#restoreFrom(backend, journal)
    } catch (error) {
      const detail = error instanceof Error ? error.message : String(error)
      throw new AppError('proxy-not-restored', `the setting failed half-way, and ${detail}`, { cause })
    }
  }

  /** The values are back; that a running program does not hear of it is no reason to keep the journal. */
  async #announce(backend: ProxyBackend): Promise<void> {
    try {
      await backend.announce()
    } catch (error) {
      const detail = error instanceof Error ? error.message : String(error)
      this.#deps.log('warn', `Running programs could not be told of the old proxy settings: ${detail}`)
    }
  }

  async #save(journal: Journal): Promise<void> {
    try {
      await this.#deps.store.save(journal)
    } catch (error) {
      throw new AppError('proxy-journal-failed', `the journal cannot be written: ${String(error)}`)
    }
  }

  async #removeJournal(): Promise<void> {
    try {
      await this.#deps.store.remove()
    } catch (error) {
      throw new AppError('proxy-journal-failed', `the journal cannot be removed: ${String(error)}`)
    }
  }
}
