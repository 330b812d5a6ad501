/**
 * `--restore-system-proxy`, run in a worker while main stands still: Electron cannot wait for anything before it has
 * opened a screen, and whoever needs this may have none (a console, a start before login).
 */
import { readFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { workerData } from 'node:worker_threads'
import * as v from 'valibot'
import { systemClock } from './clock.ts'
import { DEFAULT_SETTINGS } from './ipc/settings.ts'
import type { ProxyAddress } from './ipc/snapshot.ts'
import { readSettings } from './settings/settings-document.ts'
import { createSystemProxy } from './system-proxy/create-system-proxy.ts'
import { runRestoreCommand } from './system-proxy/restore-command.ts'

const dataSchema = v.object({ folder: v.string(), done: v.instance(Int32Array) })

async function restore(folder: string): Promise<number> {
  const proxy = createSystemProxy({
    platform: process.platform,
    env: process.env,
    dataFolder: folder,
    clock: systemClock,
    publish: () => undefined,
    log: (_level, text) => void writeSync(2, `${text}\n`),
    knownDoors: () => knownDoors(folder),
  })
  // Written at once: a worker's own output goes through main, which stands still.
  return runRestoreCommand(proxy, (line) => void writeSync(1, `${line}\n`))
}

/** Where our door was, by the settings as far as they can be read. */
function knownDoors(folder: string): readonly ProxyAddress[] {
  let port = DEFAULT_SETTINGS.httpPort
  try {
    port =
      readSettings(readFileSync(join(folder, 'settings.json'), 'utf8'))?.document.settings.httpPort ?? port
  } catch {
    // No settings: nobody chose another port.
  }
  return port === 0 ? [] : [{ host: '127.0.0.1', port }]
}

async function run(): Promise<void> {
  const { folder, done } = v.parse(dataSchema, workerData)
  let code = 1
  try {
    code = await restore(folder)
  } catch (error) {
    writeSync(2, `${error instanceof Error ? error.message : 'an error without words'}\n`)
  }
  // Nothing yet is 0: main waits for another number.
  Atomics.store(done, 0, code + 1)
  Atomics.notify(done, 0)
}

void run()
