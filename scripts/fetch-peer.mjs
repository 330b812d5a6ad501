#!/usr/bin/env node
/**
 * Gets programs that the tests talk to and that Debian's stable release lacks or has too old: from Debian sid, without
 * touching the system. `node scripts/fetch-peer.mjs PACKAGE…` unpacks each below `.cache/peers/PACKAGE` and prints that
 * folder; what is there already is not fetched again. apt checks the signature of the index and the hash of each package.
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
const PACKAGE_NAME = /^[a-z0-9][a-z0-9+.-]*$/

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

function fetchAll(names) {
  if (!existsSync(KEYRING))
    throw new Error(`${KEYRING} is missing: the package debian-archive-keyring has it`)
  mkdirSync(PEERS, { recursive: true })
  const work = mkdtempSync(join(PEERS, '.fetching-'))
  try {
    for (const folder of ['lists/partial', 'cache/archives/partial']) {
      mkdirSync(join(work, folder), { recursive: true })
    }
    writeFileSync(join(work, 'sources.list'), `deb [signed-by=${KEYRING}] ${MIRROR} sid main\n`)
    aptGet(work, 'update')
    for (const name of names) {
      aptGet(work, 'download', name)
      const file = readdirSync(work).find((entry) => entry.startsWith(`${name}_`) && entry.endsWith('.deb'))
      if (file === undefined) throw new Error(`apt-get downloaded no ${name}`)
      run('dpkg-deb', ['-x', file, join(work, name)], work)
      // Whole or not at all, also when two of us fetch.
      if (!existsSync(join(PEERS, name))) renameSync(join(work, name), join(PEERS, name))
    }
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}

const names = process.argv.slice(2)
if (names.length === 0 || !names.every((name) => PACKAGE_NAME.test(name))) {
  console.error('usage: node scripts/fetch-peer.mjs PACKAGE…')
  process.exit(2)
}
const missing = names.filter((name) => !existsSync(join(PEERS, name)))
try {
  if (missing.length > 0) fetchAll(missing)
  for (const name of names) console.log(join(PEERS, name))
} catch (error) {
  console.error(`The Debian sid packages ${missing.join(', ')} could not be had: ${error.message}`)
  process.exit(1)
}
