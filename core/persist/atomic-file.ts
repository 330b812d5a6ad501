/**
 * Replaces a file so that a crash, a full disk or a power cut at any moment leaves either the old or the new content,
 * whole. The file system is passed in, so that tests can fail it between any two steps.
 */
import type { FileHandle } from 'node:fs/promises'
import { type Random, randomBytes } from '../util/random.ts'

/** The calls that a replacement makes, as `node:fs/promises` has them. */
export interface AtomicFileSystem {
  open(path: string, flags: string, mode?: number): Promise<Pick<FileHandle, 'writeFile' | 'sync' | 'close'>>
  rename(from: string, to: string): Promise<void>
  rm(path: string, options: { force: boolean }): Promise<void>
}

/** A replacement that was cut short leaves one of these behind; the next start removes it. */
export const TEMPORARY_FILE = /^[a-z0-9][a-z0-9._-]*\.[0-9a-f]{16}\.tmp$/

/**
 * Writes `bytes` into `<directory>/<name>`, mode 0600, through a temporary file in the same directory: write all of
 * it, fsync, rename over the old one, fsync the directory. A symbolic link at the target is replaced, not followed.
 * Throws the file system's error, and then the old file is untouched.
 */
export async function replaceFile(
  fs: AtomicFileSystem,
  random: Random,
  directory: string,
  name: string,
  bytes: Uint8Array,
): Promise<void> {
  const temporary = `${directory}/${name}.${randomBytes(random, 8).toString('hex')}.tmp`
  try {
    // Exclusive: never through a file or link that somebody else put there.
    const file = await fs.open(temporary, 'wx', 0o600)
    try {
      // writeFile goes on after a short write: a single write on a nearly full disk reports success for half a file.
      await file.writeFile(bytes)
      await file.sync()
    } finally {
      await file.close()
    }
    await fs.rename(temporary, `${directory}/${name}`)
  } catch (error) {
    await fs.rm(temporary, { force: true }).catch(() => {})
    throw error
  }
  await syncDirectory(fs, directory)
}

/** Makes a rename durable. Windows cannot open a directory and needs no such step: failure is no error. */
async function syncDirectory(fs: AtomicFileSystem, directory: string): Promise<void> {
  try {
    const handle = await fs.open(directory, 'r')
    try {
      await handle.sync()
    } finally {
      await handle.close()
    }
  } catch {
    // The content is in place either way; only its survival of a power cut right now is less sure.
  }
}
