/**
 * Remembers on disk that the app has connected once on this computer: only then may it be told to connect at start.
 * A small file of its own, so that neither a broken nor a restored settings file can claim it.
 */
import { mkdir, readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import writeFileAtomic from 'write-file-atomic'

const CONTENT = `${JSON.stringify({ version: 1, hasConnectedBefore: true })}\n`

/** Anything unreadable is no success: the worst that follows is one press of a button more. */
export async function readHasConnectedBefore(path: string): Promise<boolean> {
  try {
    const parsed: unknown = JSON.parse(await readFile(path, 'utf8'))
    return typeof parsed === 'object' && parsed !== null && Reflect.get(parsed, 'hasConnectedBefore') === true
  } catch {
    return false
  }
}

export async function rememberSuccess(path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  await writeFileAtomic(path, CONTENT, { mode: 0o600 })
}
