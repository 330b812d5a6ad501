/**
 * The write-ahead journal: what the system's settings were before the first of them was changed, and every value that
 * we gave them since. It is on the disk before the change is made and leaves it after the old values were read back;
 * whatever crashes in between, the next start can tell what to put back.
 */
import * as v from 'valibot'
import type { ProxyAddress, SystemProxyBackend } from '../ipc/snapshot.ts'
import type { ProxyBackend, ProxyValues, ProxyWrites } from './proxy-backend.ts'

/** Longer texts and more names than any system has; a file beyond them is not ours. */
const MAX_NAMES = 2_000
const name = v.pipe(v.string(), v.minLength(1), v.maxLength(500))
const value = v.nullable(v.pipe(v.string(), v.maxLength(100_000)))
/** Each change of port or exceptions while the proxy is on adds one; the oldest ones go. */
const MAX_APPLIED = 32
const MAX_DOORS = 32

const journalSchema = v.strictObject({
  version: v.literal(1),
  backend: v.picklist(['gnome', 'kde', 'macos', 'windows'] satisfies SystemProxyBackend[]),
  startedMs: v.pipe(v.number(), v.integer()),
  previous: v.record(name, value),
  applied: v.record(name, v.pipe(v.array(value), v.maxLength(MAX_APPLIED))),
  doors: v.pipe(
    v.array(
      v.strictObject({
        host: v.pipe(v.string(), v.regex(/^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/)),
        port: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(65_535)),
      }),
    ),
    v.maxLength(MAX_DOORS),
  ),
})

export interface Journal {
  readonly backend: SystemProxyBackend
  readonly startedMs: number
  /** Before we changed anything. */
  readonly previous: ProxyValues
  /** Everything that we wrote, or were about to write. */
  readonly applied: Readonly<Record<string, readonly (string | null)[]>>
  /** All doors that the system was pointed at. */
  readonly doors: readonly ProxyAddress[]
}

export type JournalState =
  | { readonly kind: 'none' }
  | { readonly kind: 'kept'; readonly journal: Journal }
  | { readonly kind: 'broken'; readonly why: string }

export interface JournalStore {
  load(): Promise<JournalState>
  /** On the disk when it resolves. */
  save(journal: Journal): Promise<void>
  remove(): Promise<void>
  /** Keeps a broken one under another name, which it returns. */
  setAside(): Promise<string>
}

/** The file itself: private, atomic, durable. `read` gives undefined where there is none, and throws where it is not to be trusted. */
export interface JournalDisk {
  read(): Promise<string | undefined>
  write(text: string): Promise<void>
  remove(): Promise<void>
  setAside(): Promise<string>
}

export function encodeJournal(journal: Journal): string {
  return `${JSON.stringify({ version: 1, ...journal }, undefined, 2)}\n`
}

/** Throws where the text is no journal. */
export function parseJournal(text: string): Journal {
  const { version: _, ...journal } = v.parse(journalSchema, JSON.parse(text))
  if (Object.keys(journal.previous).length > MAX_NAMES || Object.keys(journal.applied).length > MAX_NAMES) {
    throw new RangeError('more names than any system has')
  }
  return journal
}

export class FileJournal implements JournalStore {
  readonly #disk: JournalDisk

  constructor(disk: JournalDisk) {
    this.#disk = disk
  }

  async load(): Promise<JournalState> {
    try {
      const text = await this.#disk.read()
      return text === undefined ? { kind: 'none' } : { kind: 'kept', journal: parseJournal(text) }
    } catch (error) {
      return { kind: 'broken', why: error instanceof Error ? error.message : String(error) }
    }
  }

  async save(journal: Journal): Promise<void> {
    await this.#disk.write(encodeJournal(journal))
  }

  async remove(): Promise<void> {
    await this.#disk.remove()
  }

  async setAside(): Promise<string> {
    return this.#disk.setAside()
  }
}

function isSameDoor(left: ProxyAddress, right: ProxyAddress): boolean {
  return left.host === right.host && left.port === right.port
}

/**
 * The journal to be on the disk before `writes` are made. What it has of the previous values stays as it is: they are
 * the person's, and what the system says now may be ours. `earlier` is undefined where nothing of ours is in force.
 */
export function extendJournal(
  backend: ProxyBackend,
  earlier: Journal | undefined,
  change: {
    readonly current: ProxyValues
    readonly writes: ProxyWrites
    readonly door: ProxyAddress
    readonly nowMs: number
  },
): Journal {
  const applied: Record<string, readonly (string | null)[]> = { ...earlier?.applied }
  const previous: Record<string, string | null> = {}
  for (const [name, value] of change.writes) {
    const before = applied[name] ?? []
    if (!before.includes(value)) applied[name] = [...before, value].slice(-MAX_APPLIED)
    previous[name] = change.current[name] ?? null
  }
  // Without a journal, what already leads to this door is left from a run whose journal was lost: nobody else can have
  // meant a port that we hold.
  if (earlier === undefined && backend.leadsTo(change.current, [change.door])) {
    for (const [name, value] of backend.direct(change.current)) previous[name] = value
  }
  const doors = earlier?.doors ?? []
  return {
    backend: backend.kind,
    startedMs: earlier?.startedMs ?? change.nowMs,
    previous: { ...previous, ...earlier?.previous },
    applied,
    doors: doors.some((door) => isSameDoor(door, change.door))
      ? doors
      : [...doors, { host: change.door.host, port: change.door.port }].slice(-MAX_DOORS),
  }
}
