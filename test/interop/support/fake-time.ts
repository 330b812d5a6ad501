/** A wrong clock for one process, by libfaketime: what a computer with a dead battery, or one that slept, sees. */
import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const LIBRARY_FOLDER = '/usr/lib'
const LIBRARY = 'faketime/libfaketimeMT.so.1'

function findLibrary(): string {
  const folders = readdirSync(LIBRARY_FOLDER).map((name) => join(LIBRARY_FOLDER, name, LIBRARY))
  const found = folders.find((path) => existsSync(path))
  if (found === undefined) throw new Error('the interop tests need libfaketime: apt-get install faketime')
  return found
}

export class FakeTime {
  readonly #file: string

  /** `file` is where the offset is kept; the process reads it at each look at its clock. */
  constructor(file: string, offsetSeconds: number) {
    this.#file = file
    this.jumpTo(offsetSeconds)
  }

  /** What the process must be started with. Its monotonic clock stays true. */
  get env(): Record<string, string> {
    return {
      LD_PRELOAD: findLibrary(),
      FAKETIME_TIMESTAMP_FILE: this.#file,
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
    }
  }

  /** From now on the wall clock is off by so much. */
  jumpTo(offsetSeconds: number): void {
    writeFileSync(this.#file, `${offsetSeconds < 0 ? '-' : '+'}${Math.abs(offsetSeconds)}\n`)
  }
}
