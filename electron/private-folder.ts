/**
 * The app's own folder belongs to its user and to nobody else: who could write to it could choose our bridges, lay a
 * link in the way of a file, or take the bridges of somebody who hides. Chromium makes it private; a copy from another
 * disk, an old umask or another program may have opened it.
 */
import { chmod, mkdir, stat } from 'node:fs/promises'
import type { AppLog } from './parts.ts'

const PRIVATE = 0o700
const OTHERS = 0o077

/** Never rejects: where it cannot be made private it is said, and each file has its own mode still. */
export async function keepFolderPrivate(folder: string, log: AppLog): Promise<void> {
  // Windows keeps the folders of users apart by lists of its own.
  if (process.platform === 'win32') return
  try {
    await mkdir(folder, { recursive: true, mode: PRIVATE })
    const { mode, uid } = await stat(folder)
    if (uid !== process.getuid?.()) return log('err', "the app's own folder belongs to somebody else")
    if ((mode & OTHERS) === 0) return
    await chmod(folder, PRIVATE)
    log('warn', "the app's own folder was open to others; it is private now")
  } catch {
    log('err', "the app's own folder cannot be kept private")
  }
}
