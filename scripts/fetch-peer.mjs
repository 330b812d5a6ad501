#!/usr/bin/env node
/**
 * Gets programs that the tests talk to and that Debian's stable release lacks or has too old, or that would run by
 * themselves once they are installed: from Debian sid, or the release that is named, without touching the system.
 * `node scripts/fetch-peer.mjs PACKAGE[/RELEASE]…` unpacks each below `.cache/peers` and prints its folder; what is there
 * already is not fetched again. apt checks the signature of the index and the hash of each package.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const PEERS = resolve(dirname(fileURLToPath(import.meta.url)), '../.cache/peers')
const MIRROR = 'http://deb.debian.org/debian'
const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg'
/** The index of sid is ten megabytes, and a package at most a few. */
const LIMIT_MS = 180_000
const PACKAGE_NAME = /^[a-z0-9][a-z0-9+.-]*(\/[a-z]+)?$/
const DEFAULT_RELEASE = 'sid'

function run(file, args, cwd) {
  const { status, error, stderr } = spawnSync(file, args, { cwd, encoding: 'utf8', timeout: LIMIT_MS })
  if (status === 0) return
  const words = error?.message ?? stderr.trim().split('\n').slice(-3).join('; ')
  throw new Error(
    `${file} ${args[args.length - 1]} failed: ${words.replaceAll(/[a-z]+:\/\/\S+/g, '(address)')}`,
  )
}

/** apt-get with lists and sources of its own, below `work`. */
function aptGet(work, ...args) {
  const options = [
    ['Dir::Etc::sourcelist', join(work, 'sources.list')],
    ['Dir::Etc::sourceparts', '-'],
    ['Dir::State::lists', join(work, 'lists')],
    ['Dir::Cache', join(work, 'cache')],
    ['Acquire::Languages', 'none'],
    ['Acquire::Retries', '3'],
    ['Debug::NoLocking', 'true'],
  ]
  run('apt-get', ['-qq', ...options.flatMap(([name, value]) => ['-o', `${name}=${value}`]), ...args], work)
}

/** Packages of one release. */
function fetchAll(release, packages) {
  if (!existsSync(KEYRING))
    throw new Error(`${KEYRING} is missing: the package debian-archive-keyring has it`)
  mkdirSync(PEERS, { recursive: true })
  const work = mkdtempSync(join(PEERS, '.fetching-'))
  try {
    for (const folder of ['lists/partial', 'cache/archives/partial']) {
      mkdirSync(join(work, folder), { recursive: true })
    }
    writeFileSync(join(work, 'sources.list'), `deb [signed-by=${KEYRING}] ${MIRROR} ${release} main\n`)
    aptGet(work, 'update')
    for (const { name, folder } of packages) {
      aptGet(work, 'download', name)
      const file = readdirSync(work).find((entry) => entry.startsWith(`${name}_`) && entry.endsWith('.deb'))
      if (file === undefined) throw new Error(`apt-get downloaded no ${name}`)
      run('dpkg-deb', ['-x', file, join(work, name)], work)
      // Whole or not at all, also when two of us fetch.
      if (!existsSync(folder)) renameSync(join(work, name), folder)
    }
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}

const words = process.argv.slice(2)
if (words.length === 0 || !words.every((word) => PACKAGE_NAME.test(word))) {
  console.error('usage: node scripts/fetch-peer.mjs PACKAGE[/RELEASE]…')
  process.exit(2)
}
const packages = words.map((word) => {
  const [name, release = DEFAULT_RELEASE] = word.split('/')
  return { name, release, folder: join(PEERS, release === DEFAULT_RELEASE ? name : `${name}-${release}`) }
})
const missing = packages.filter(({ folder }) => !existsSync(folder))
try {
  for (const release of new Set(missing.map((wanted) => wanted.release))) {
    fetchAll(
      release,
      missing.filter((wanted) => wanted.release === release),
    )
  }
  for (const { folder } of packages) console.log(folder)
} catch (error) {
  const names = missing.map(({ name, release }) => `${name} of Debian ${release}`).join(', ')
  console.error(`${names} could not be had: ${error.message}`)
  process.exit(1)
}
