/** One app over one system in memory: its journal's disk outlives it, and it can be made to crash anywhere. */
import type { SystemProxyView } from '../../../../electron/ipc/snapshot.ts'
import { FileJournal, type JournalDisk } from '../../../../electron/system-proxy/journal.ts'
import { ProxyChanges } from '../../../../electron/system-proxy/proxy-changes.ts'
import { SystemProxy } from '../../../../electron/system-proxy/system-proxy.ts'
import { type ManualClock, manualClock } from '../../../support/manual-clock.ts'
import { FakeGnome } from './fake-gnome.ts'
import { FakeKde } from './fake-kde.ts'
import { FakeMacos } from './fake-macos.ts'
import { Crash, type FakeSystem } from './fake-system.ts'
import { FakeWindows } from './fake-windows.ts'

export const SYSTEMS: readonly (readonly [string, () => FakeSystem])[] = [
  ['gnome', () => new FakeGnome()],
  ['kde', () => new FakeKde()],
  ['macos', () => new FakeMacos()],
  ['windows', () => new FakeWindows()],
]

export const DOOR = {
  host: '127.0.0.1',
  port: 9251,
  exceptions: { loopback: true, lan: false },
} as const

export class FakeDisk implements JournalDisk {
  text: string | undefined
  setAsideText: string | undefined
  onWrite: () => void = () => undefined
  trouble: string | undefined

  read(): Promise<string | undefined> {
    return Promise.resolve(this.text)
  }

  write(text: string): Promise<void> {
    return this.#change(() => {
      this.text = text
    })
  }

  remove(): Promise<void> {
    return this.#change(() => {
      this.text = undefined
    })
  }

  setAside(): Promise<string> {
    return this.#change(() => {
      this.setAsideText = this.text
      this.text = undefined
      return 'allium/system-proxy.json.broken'
    })
  }

  #change<Result>(work: () => Result): Promise<Result> {
    if (this.trouble !== undefined) return Promise.reject(new Error(this.trouble))
    const result = work()
    this.onWrite()
    return Promise.resolve(result)
  }
}

export interface App {
  readonly proxy: SystemProxy
  readonly views: SystemProxyView[]
  readonly log: string[]
}

export class Rig {
  readonly disk = new FakeDisk()
  readonly clock: ManualClock = manualClock()
  readonly system: FakeSystem
  #steps = 0
  #crashAfter = Infinity

  constructor(system: FakeSystem) {
    this.system = system
    const step = (): void => {
      this.#steps += 1
      if (this.#steps > this.#crashAfter) throw new Crash('the app was killed')
    }
    this.disk.onWrite = step
    system.onCommand = step
  }

  /** Everything after `steps` more commands and writes to the disk has its effect, and is never heard of. */
  crashAfter(steps: number): void {
    this.#steps = 0
    this.#crashAfter = steps
  }

  /** A new run of the app; the one before is forgotten. */
  start(): App {
    this.#crashAfter = Infinity
    const views: SystemProxyView[] = []
    const log: string[] = []
    const write = (_level: string, text: string): void => void log.push(text)
    const proxy = new SystemProxy({
      changes: new ProxyChanges({
        backends: [this.system.backend()],
        store: new FileJournal(this.disk),
        clock: this.clock,
        log: write,
      }),
      clock: this.clock,
      publish: (view) => views.push(view),
      log: write,
      knownDoors: () => [DOOR],
      programs: () => [],
    })
    return { proxy, views, log }
  }
}
