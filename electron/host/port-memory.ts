/**
 * Remembers on which ports the doors really were, so that a restarted core opens the same ones: the system proxy and
 * the programs that were set to them must find a closed door and then ours again, not a free port somewhere else.
 */
import type { ProxiesView } from '../ipc/snapshot.ts'
import type { HostConfig } from './protocol.ts'

interface DoorMemory {
  /** What the settings asked for. */
  readonly asked: number
  /** What this life of the host was told to open; it must hear the same number again, or it would move the door. */
  readonly told: number
  readonly open: number | undefined
}

export class PortMemory {
  #socks: DoorMemory | undefined
  #http: DoorMemory | undefined

  /** The configuration for a new life of the host. */
  forStart(config: HostConfig): HostConfig {
    this.#socks = startDoor(this.#socks, config.socksPort)
    this.#http = startDoor(this.#http, config.httpPort)
    return this.#withPorts(config)
  }

  /** The configuration for the life that runs. */
  forChange(config: HostConfig): HostConfig {
    this.#socks = changeDoor(this.#socks, config.socksPort)
    this.#http = changeDoor(this.#http, config.httpPort)
    return this.#withPorts(config)
  }

  note({ socks, http }: Pick<ProxiesView, 'socks' | 'http'>): void {
    this.#socks = noteDoor(this.#socks, socks?.port)
    this.#http = noteDoor(this.#http, http?.port)
  }

  /** The session is over: nobody points at the doors any more. */
  forget(): void {
    this.#socks = undefined
    this.#http = undefined
  }

  #withPorts(config: HostConfig): HostConfig {
    return {
      ...config,
      socksPort: this.#socks?.told ?? config.socksPort,
      httpPort: this.#http?.told ?? config.httpPort,
    }
  }
}

function startDoor(before: DoorMemory | undefined, asked: number): DoorMemory {
  if (before?.asked !== asked) return { asked, told: asked, open: undefined }
  return { ...before, told: before.open ?? asked }
}

function changeDoor(before: DoorMemory | undefined, asked: number): DoorMemory {
  return before?.asked === asked ? before : { asked, told: asked, open: undefined }
}

function noteDoor(before: DoorMemory | undefined, open: number | undefined): DoorMemory | undefined {
  return before === undefined || open === undefined ? before : { ...before, open }
}
