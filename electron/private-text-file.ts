/** A small text on the disk, private to the user, written whole and atomically. */
import { mkdir, readFile, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import writeFileAtomic from 'write-file-atomic'

export interface TextStore {
  /** Undefined when there is none, or none that can be read. */
  read(): Promise<string | undefined>
  write(text: string): Promise<void>
}

/** A larger file is none of ours, and is not read. */
export function privateTextFile(path: string, maxBytes: number): TextStore {
  return {
    read: async () => {
      try {
        return (await stat(path)).size > maxBytes ? undefined : await readFile(path, 'utf8')
      } catch {
        return undefined
      }
    },
    write: async (text) => {
      await mkdir(dirname(path), { recursive: true, mode: 0o700 })
      await writeFileAtomic(path, text, { mode: 0o600 })
    },
  }
}
