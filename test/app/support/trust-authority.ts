/** Makes Chromium trust the tests' authority, as a person would who installs it for their own account. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { TEST_AUTHORITY } from '../../support/web-certificates.ts'
import type { AppHome } from './app-home.ts'

/** `certutil` is in Debian's libnss3-tools. */
export function trustTestAuthority(home: AppHome): void {
  const folder = join(home.folder, '.pki/nssdb')
  mkdirSync(folder, { recursive: true })
  const certificate = join(home.folder, 'authority.pem')
  writeFileSync(certificate, TEST_AUTHORITY)
  execFileSync('certutil', ['-N', '-d', `sql:${folder}`, '--empty-password'])
  execFileSync('certutil', ['-A', '-d', `sql:${folder}`, '-n', 'tests', '-t', 'C,,', '-i', certificate])
}
