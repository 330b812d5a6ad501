/** Programs of Debian sid that the tests talk to, fetched when they are missing: see `scripts/fetch-peer.mjs`. */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'

/**
 * The path of a program in a package of Debian sid. Throws, with what went wrong, where it cannot be had; whoever has
 * something to put in its place says so aloud.
 */
export function peerProgram(packageName: string, program: string): string {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['scripts/fetch-peer.mjs', packageName], {
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(stderr.trim())
  return join(stdout.trim(), 'usr/bin', program)
}
