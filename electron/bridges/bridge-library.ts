/** Owns the bridges of the person and the choice among the built-in ones: the commands change them, the view shows them. */
import { AppError } from '../app-error.ts'
import type { HostBridgeStatus, HostStatus } from '../host/protocol.ts'
import type { BridgeLineResult, BridgesView } from '../ipc/snapshot-bridges.ts'
import type { AppLog, BridgesPart, Publish } from '../parts.ts'
import {
  activeLines,
  type BridgeMeans,
  bridgeId,
  droppedLines,
  hasTransport,
  keptBridges,
  printedOf,
  viewBridges,
  withHealth,
} from './bridges-view.ts'
import { EMPTY_LIBRARY, type LibraryDocument } from './library-document.ts'
import type { LibraryStore } from './library-file.ts'
import { checkPasted } from './line-check.ts'

export interface BridgeLibraryParts extends BridgeMeans {
  readonly store: LibraryStore
  readonly publish: Publish<'bridges'>
  readonly log: AppLog
  readonly readQrFromScreen: () => Promise<string | null>
  /** A hash of the network that this computer is in, where it can be told from others. */
  readonly network?: () => string | undefined
}

export class BridgeLibrary implements BridgesPart {
  readonly #parts: BridgeLibraryParts
  readonly #watchers = new Set<(dropped: readonly string[]) => void>()
  #document: LibraryDocument = EMPTY_LIBRARY
  #status: readonly HostBridgeStatus[] = []
  /** One change after the other, so that none is lost. */
  #changing: Promise<unknown> = Promise.resolve()

  private constructor(parts: BridgeLibraryParts) {
    this.#parts = parts
  }

  /** Never rejects: a file that cannot be read is kept, said, and counts as empty. */
  static async open(parts: BridgeLibraryParts): Promise<BridgeLibrary> {
    const library = new BridgeLibrary(parts)
    library.#document = await parts.store.load()
    parts.publish(library.view)
    return library
  }

  get view(): BridgesView {
    const { trouble } = this.#parts.store
    return { ...viewBridges(this.#document, this.#status, this.#parts, this.#network), trouble }
  }

  activeLines(): readonly string[] {
    return activeLines(this.#document, this.#parts)
  }

  disabledLines(): readonly string[] {
    return this.#document.disabled
  }

  watch(watcher: (dropped: readonly string[]) => void): () => void {
    this.#watchers.add(watcher)
    return () => void this.#watchers.delete(watcher)
  }

  onHostStatus({ bridges }: Pick<HostStatus, 'bridges'>): void {
    this.#status = bridges
    this.#parts.publish(this.view)
    const network = this.#network
    const { builtIn } = this.#parts
    const document = withHealth(this.#document, bridges, builtIn, network)
    if (document === this.#document) return
    // Behind the commands, and made anew there: one of them may be changing the bridges right now.
    this.#change((current) => withHealth(current, bridges, builtIn, network)).catch((error: unknown) =>
      this.#parts.log('info', `how the bridges fared was not kept: ${String(error)}`),
    )
  }

  async check(text: string): Promise<readonly BridgeLineResult[]> {
    return checkPasted(text, this.#known(this.#document), this.#parts.transports)
  }

  /** The good lines are added and used; a built-in one that is added becomes the person's own. */
  async add(text: string): Promise<readonly BridgeLineResult[]> {
    let results: readonly BridgeLineResult[] = []
    await this.#change((document) => {
      results = checkPasted(text, this.#known(document), this.#parts.transports)
      const good = results.filter(({ fault }) => fault === undefined).map((result) => result.text)
      return good.length === 0 ? document : { ...document, added: [...document.added, ...good] }
    })
    return results
  }

  /** Lines that lead there become the person's own and are used, all of them or none. */
  use(lines: readonly string[]): Promise<void> {
    const meant = new Set(lines.map(printedOf))
    return this.#change((document) => {
      const results = checkPasted(lines.join('\n'), this.#known(document), this.#parts.transports)
      const isRefused = results.some(({ fault }) => fault !== undefined && fault !== 'already-there')
      if (isRefused) throw new AppError('no-room-for-bridges', 'there are as many bridges as there may be')
      const good = results.filter(({ fault }) => fault === undefined).map((result) => result.text)
      const disabled = document.disabled.filter((line) => !meant.has(printedOf(line)))
      if (good.length === 0 && disabled.length === document.disabled.length) return document
      return { ...document, added: [...document.added, ...good], disabled }
    })
  }

  /** Ids of built-in bridges, and of none, are passed over: those go with the choice of another transport. */
  remove(ids: readonly string[]): Promise<void> {
    const removed = new Set(ids)
    return this.#change((document) => {
      const stays = (line: string): boolean => !removed.has(bridgeId(line))
      const added = document.added.filter(stays)
      if (added.length === document.added.length) return document
      return {
        ...document,
        added,
        disabled: document.disabled.filter(stays),
        health: document.health.filter(({ line }) => stays(line)),
      }
    })
  }

  enable(ids: readonly string[], isEnabled: boolean): Promise<void> {
    const meant = new Set(ids)
    return this.#change((document) => {
      const lines = keptBridges(document, this.#parts)
        .map(({ text }) => text)
        .filter((text) => meant.has(bridgeId(text)))
      const others = document.disabled.filter((line) => !lines.includes(line))
      return { ...document, disabled: isEnabled ? others : [...others, ...lines] }
    })
  }

  async chooseBuiltIn(transport: string | null): Promise<void> {
    if (transport !== null && this.#parts.builtIn(transport).length === 0) {
      throw new AppError('no-built-in-bridges', 'there are no built-in bridges of this kind')
    }
    if (transport !== null && !hasTransport(transport, this.#parts.transports)) {
      throw new AppError('transport-not-available', 'this version does not have the transport')
    }
    await this.#change((document) => ({ ...document, builtIn: transport }))
  }

  readQrFromScreen(): Promise<string | null> {
    return this.#parts.readQrFromScreen()
  }

  /** How bridges fared on which network; where it is not known on which, it stays. */
  forgetNetworks(): Promise<void> {
    return this.#change((document) => {
      const health = document.health.filter(({ network }) => network === undefined)
      return health.length === document.health.length ? document : { ...document, health }
    })
  }

  /** The built-in ones are others than before. */
  onBuiltIn(): void {
    this.#parts.publish(this.view)
    if (this.#document.builtIn !== null) this.#tell([])
  }

  #tell(dropped: readonly string[]): void {
    for (const watcher of [...this.#watchers]) watcher(dropped)
  }

  get #network(): string | undefined {
    return this.#parts.network?.()
  }

  /** Those of the person: a built-in one may be added to keep it. */
  #known(document: LibraryDocument): ReadonlySet<string> {
    const kept = keptBridges(document, this.#parts).filter(({ origin }) => origin === 'added')
    return new Set(kept.map(({ printed }) => printed))
  }

  #change(edit: (document: LibraryDocument) => LibraryDocument): Promise<void> {
    const done = this.#changing.then(() => this.#apply(edit))
    this.#changing = done.catch(() => {})
    return done
  }

  /** Written first: what is shown and used is what a crash leaves. */
  async #apply(edit: (document: LibraryDocument) => LibraryDocument): Promise<void> {
    const { store, publish } = this.#parts
    const before = this.#document
    const after = edit(before)
    if (after === before) return
    await store.save(after)
    this.#document = after
    publish(this.view)
    const dropped = droppedLines(before, after)
    const isSame = activeLines(before, this.#parts).join('\n') === activeLines(after, this.#parts).join('\n')
    if (!isSame || dropped.length > 0) this.#tell(dropped)
  }
}
