/** A core host that a test plays by hand. */
import type { HostProcess } from '../../../../electron/host/host-run.ts'
import type {
  FromHost,
  HostCall,
  HostMethodName,
  HostStatus,
  ToHost,
} from '../../../../electron/host/protocol.ts'

export class FakeHost implements HostProcess {
  readonly sent: HostCall[] = []
  isKilled = false
  /** It says nothing more by itself, and does not answer whether it lives. */
  isHung = false
  /** How often it was asked whether it lives. */
  asked = 0
  /** Methods that are answered at once with nothing; the others wait for `reply`. */
  readonly answers = new Set<HostMethodName>(['start', 'stop', 'reconfigure'])
  #onMessage: (message: unknown) => void = () => undefined
  #onExit: (code: number | undefined) => void = () => undefined

  send(message: ToHost): void {
    if (message.kind === 'ask-alive') {
      this.asked++
      if (!this.isHung) this.say({ kind: 'alive' })
      return
    }
    this.sent.push(message)
    if (this.answers.has(message.method)) this.reply(message.id, { ok: true, value: undefined })
  }

  onMessage(listener: (message: unknown) => void): void {
    this.#onMessage = listener
  }

  onExit(listener: (code: number | undefined) => void): void {
    this.#onExit = listener
  }

  kill(): void {
    this.isKilled = true
    this.exit(undefined)
  }

  say(message: FromHost): void {
    this.#onMessage(message)
  }

  /** As a host that somebody else has taken over. */
  sayAnything(message: unknown): void {
    this.#onMessage(message)
  }

  reply(id: number, outcome: Extract<FromHost, { kind: 'reply' }>['outcome']): void {
    this.say({ kind: 'reply', id, outcome })
  }

  exit(code: number | undefined): void {
    this.#onExit(code)
  }

  calls(method: HostMethodName): HostCall[] {
    return this.sent.filter((message) => message.method === method)
  }
}

export function hostStatus(change: Partial<HostStatus> = {}): HostStatus {
  return {
    phase: 'starting',
    progress: undefined,
    blockage: undefined,
    isConnected: false,
    verifiedMs: undefined,
    clockAheadMs: undefined,
    network: 'unknown',
    isDormant: false,
    readBytes: 0,
    writtenBytes: 0,
    proxies: { socks: undefined, http: undefined, trouble: undefined },
    circuits: { circuits: [], ownCountry: undefined },
    sites: [],
    bridges: [],
    ...change,
  }
}
