/**
 * Main's end of the port over which the core host asks for HTTPS and WebRTC. One host at a time: when it ends, or says
 * what no host of ours says, everything that was under way for it ends too, and the hidden pages with it.
 */
import { type HostRequest, type OutsideAnswer, parseHostRequest } from './outside-messages.ts'
import type { PeerDesk } from './peer-desk.ts'
import type { Port, PortMessage } from './port.ts'
import type { WebDesk } from './web-desk.ts'

export interface Door {
  readonly port: number
  readonly secret: string
}

export interface OutsideDeskDeps {
  readonly web: Pick<WebDesk, 'start' | 'close'>
  readonly peers: Pick<PeerDesk, 'start' | 'close'>
  /** Where Chromium's connections go from now on; undefined: nowhere. */
  readonly setDoor: (door: Door | undefined) => Promise<void>
  readonly report: (text: string) => void
}

export class OutsideDesk {
  readonly #deps: OutsideDeskDeps
  #port: Port | undefined
  /** What ends each, by the host's number for it. */
  readonly #running = new Map<number, () => void>()

  constructor(deps: OutsideDeskDeps) {
    this.#deps = deps
  }

  /** The port of a host that has just been started. */
  attach(port: Port): void {
    this.#detach()
    this.#port = port
    port.on('message', ({ data }: PortMessage) => {
      if (this.#port === port) this.#onMessage(data)
    })
    port.once('close', () => {
      if (this.#port === port) this.#detach()
    })
    port.start()
  }

  close(): void {
    this.#detach()
  }

  #detach(): void {
    const port = this.#port
    if (port === undefined) return
    this.#port = undefined
    for (const end of this.#running.values()) end()
    this.#running.clear()
    this.#deps.web.close()
    this.#deps.peers.close()
    void this.#deps.setDoor(undefined)
    port.close()
  }

  #onMessage(data: unknown): void {
    const request = parseHostRequest(data)
    if (
      request === undefined ||
      (request.kind !== 'cancel' && 'id' in request && this.#running.has(request.id))
    ) {
      this.#deps.report('the core host asked for what no core asks; it has no browser engine any more')
      return this.#detach()
    }
    this.#serve(request)
  }

  #serve(request: HostRequest): void {
    switch (request.kind) {
      case 'door':
        void this.#deps.setDoor(request)
        return
      case 'cancel': {
        const end = this.#running.get(request.id)
        this.#running.delete(request.id)
        return end?.()
      }
      case 'web':
        return this.#serveWeb(request)
      case 'peer':
        return this.#servePeer(request)
    }
  }

  #serveWeb({ id, job }: Extract<HostRequest, { kind: 'web' }>): void {
    this.#run(id, (answer) =>
      this.#deps.web.start(job, (outcome) => {
        this.#running.delete(id)
        if (outcome.ok) answer({ kind: 'web-answer', id, status: outcome.status, body: outcome.body })
        else answer({ kind: 'failed', id, error: outcome.kind, detail: outcome.detail })
      }),
    )
  }

  #servePeer({ id, ...wish }: Extract<HostRequest, { kind: 'peer' }>): void {
    this.#run(id, (answer) =>
      this.#deps.peers.start(wish, {
        onPort: (port) => answer({ kind: 'peer', id }, [port]),
        onEnd: (detail) => {
          this.#running.delete(id)
          answer({ kind: 'failed', id, error: 'channel-failed', detail: detail ?? 'closed' })
        },
      }),
    )
  }

  /** Answers go to the host that asked, and to no later one. */
  #run(id: number, start: (answer: (message: OutsideAnswer, ports?: Port[]) => void) => () => void): void {
    const port = this.#port
    let isOver = false
    const end = start((message, ports = []) => {
      isOver ||= message.kind !== 'peer'
      if (this.#port === port) port?.postMessage(message, ports)
    })
    if (!isOver) this.#running.set(id, end)
  }
}
