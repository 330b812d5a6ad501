/** What makes Node's programs and Go's trust the authority of the tests, as a system's store makes them trust others. */
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { TEST_AUTHORITY } from '../../support/web-certificates.ts'

/** Environment variables, naming a file that is written now. */
export function trustTestAuthority(): Record<string, string> {
  const file = join(mkdtempSync(join(tmpdir(), 'allium-authority-')), 'authority.pem')
  writeFileSync(file, TEST_AUTHORITY)
  return { NODE_EXTRA_CA_CERTS: file, SSL_CERT_FILE: file }
}
