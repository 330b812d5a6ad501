/**
 * WebRTC for the core's transports: main makes the hidden page, joins it to the core host by a port for each peer, and
 * sees to it that there is none where an upstream proxy is to be used. What goes through the ports it does not see.
 */
import type { Clock } from '../clock.ts'
import { MAX_PEERS } from './limits.ts'
import { type Page, type PageEvents, PageKeeper } from './page-keeper.ts'
import type { Port } from './port.ts'

export interface PeerWish {
  readonly iceServers: readonly string[]
  readonly label: string
  readonly keepsLocalCandidates: boolean
}

export interface PeerDeskDeps {
  readonly clock: Clock
  readonly openPage: (events: PageEvents) => Promise<Page>
  readonly createChannel: () => { readonly port1: Port; readonly port2: Port }
  /** False where the person has set a proxy that everything is to go through. */
  readonly mayUseUdp: () => boolean
  /** Whether this is a network of one's own, as in tests, with peers in this machine. */
  readonly isOwnNetwork: boolean
}

export interface PeerEvents {
  /** The end of the port that is for the core host. */
  onPort(port: Port): void
  /** Before or after that; comes once. Undefined: in good order, which the port itself has told. */
  onEnd(detail: string | undefined): void
}

export class PeerDesk {
  readonly #deps: PeerDeskDeps
  readonly #keeper: PageKeeper
  readonly #peers = new Map<number, PeerEvents>()
  #nextId = 1

  constructor(deps: PeerDeskDeps) {
    this.#deps = deps
    this.#keeper = new PageKeeper(deps.clock, deps.openPage, {
      onMessage: (message) => {
        if (message.kind === 'peer-closed') this.#finish(message.id, undefined)
      },
      onGone: (why) => this.#failAll(why),
    })
  }

  /** Returns what ends it. */
  start(wish: PeerWish, events: PeerEvents): () => void {
    const refusal = this.#refusalOf(wish)
    if (refusal !== undefined) {
      events.onEnd(refusal)
      return () => undefined
    }
    const id = this.#nextId++
    this.#peers.set(id, events)
    const using = this.#keeper.use()
    using.then(
      (page) => this.#connect(page, id, wish),
      () => this.#finish(id, 'the window for WebRTC could not be opened'),
    )
    return () => {
      if (!this.#end(id)) return
      using.then(
        (page) => page.send({ kind: 'cancel', id }),
        () => undefined,
      )
    }
  }

  /** After a change of settings: what would go past the proxy ends now, with the page and all its sockets. */
  onSettings(): void {
    if (this.#deps.mayUseUdp() || this.#peers.size === 0) return
    this.#keeper.close()
    this.#failAll('an upstream proxy is to be used, which WebRTC would go past')
  }

  close(): void {
    this.#keeper.close()
    this.#failAll('the core has ended')
  }

  #refusalOf({ keepsLocalCandidates }: PeerWish): string | undefined {
    if (!this.#deps.mayUseUdp()) return 'WebRTC would go past the upstream proxy'
    if (keepsLocalCandidates && !this.#deps.isOwnNetwork)
      return 'addresses of this network are not told to peers'
    if (this.#peers.size >= MAX_PEERS) return 'too many WebRTC connections at once'
    return undefined
  }

  #connect(page: Page, id: number, { iceServers, label }: PeerWish): void {
    const events = this.#peers.get(id)
    if (events === undefined) return
    const { port1, port2 } = this.#deps.createChannel()
    page.send({ kind: 'peer', id, iceServers, label }, [port1])
    events.onPort(port2)
  }

  #finish(id: number, detail: string | undefined): void {
    const events = this.#peers.get(id)
    if (this.#end(id)) events?.onEnd(detail)
  }

  #end(id: number): boolean {
    if (!this.#peers.delete(id)) return false
    this.#keeper.release()
    return true
  }

  #failAll(detail: string): void {
    for (const id of [...this.#peers.keys()]) this.#finish(id, detail)
  }
}
