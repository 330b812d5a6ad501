// Finds an Electron to run the app on: the one that the user names, the installed one (its binary is downloaded on
// first use), or, where that download is blocked, an old public build that is good for tests and for nothing else.
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fetchTestRuntime } from './test-runtime.mjs'

const INSTALLED = 'node_modules/electron'
const DOWNLOAD_LIMIT_MS = 120_000

/** `{ executable, version, kind }`; kind is `override`, `installed` or `test`. Throws in words when there is none. */
export function findRuntime({ allowDownload = true } = {}) {
  const override = process.env.ELECTRON_OVERRIDE_DIST_PATH
  if (override) return named(override)
  const installed = installedRuntime(allowDownload)
  if (installed !== undefined) return installed
  const folder = fetchTestRuntime()
  return { executable: join(folder, 'electron'), version: versionIn(folder), kind: 'test' }
}

function named(folder) {
  const executable = join(folder, executableName())
  if (!existsSync(executable)) {
    throw new Error(`ELECTRON_OVERRIDE_DIST_PATH names ${folder}, where there is no ${executableName()}`)
  }
  return { executable, version: versionIn(folder), kind: 'override' }
}

function installedRuntime(allowDownload) {
  if (!existsSync(join(INSTALLED, 'install.js'))) return undefined
  const executable = join(INSTALLED, 'dist', executableName())
  if (!existsSync(executable) && allowDownload) {
    try {
      execFileSync(process.execPath, ['install.js'], {
        cwd: INSTALLED,
        stdio: 'ignore',
        timeout: DOWNLOAD_LIMIT_MS,
      })
    } catch {
      // Blocked or offline: the next way is tried.
    }
  }
  return existsSync(executable)
    ? { executable, version: versionIn(join(INSTALLED, 'dist')), kind: 'installed' }
    : undefined
}

function versionIn(folder) {
  try {
    return readFileSync(join(folder, 'version'), 'utf8').trim().replace(/^v/, '')
  } catch {
    return 'unknown'
  }
}

function executableName() {
  if (process.platform === 'darwin') return 'Electron.app/Contents/MacOS/Electron'
  return process.platform === 'win32' ? 'electron.exe' : 'electron'
}

/** One line for people. */
export function describeRuntime({ version, kind }) {
  if (kind === 'test') {
    return `Electron ${version}, an old build for tests: its holes are known. Use it on test networks only.`
  }
  return `Electron ${version} (${kind === 'override' ? 'named by ELECTRON_OVERRIDE_DIST_PATH' : 'installed'})`
}
