/** Keys of the private network's nodes, made by tor's own tools. */
import { execFile } from 'node:child_process'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

interface Finished {
  readonly stdout: string
  readonly stderr: string
}

function run(program: string, args: readonly string[], input = ''): Promise<Finished> {
  return new Promise((resolve, reject) => {
    const child = execFile(program, args, { timeout: 60_000 }, (error, stdout, stderr) => {
      if (error) reject(new Error(`${program} failed: ${stderr}${stdout}`, { cause: error }))
      else resolve({ stdout, stderr })
    })
    child.stdin?.end(input)
  })
}

/** Makes an authority's long-term and signing keys in `dataDirectory/keys`; gives its v3 identity, 40 hex digits. */
export async function createAuthorityKeys(dataDirectory: string, dirAddress: string): Promise<string> {
  const keys = join(dataDirectory, 'keys')
  await mkdir(keys, { recursive: true, mode: 0o700 })
  const file = (name: string): string => join(keys, name)
  await run(
    'tor-gencert',
    ['--create-identity-key', '--passphrase-fd', '0', '-m', '12', '-a', dirAddress].concat(
      ['-i', file('authority_identity_key'), '-s', file('authority_signing_key')],
      ['-c', file('authority_certificate')],
    ),
    'passphrase\n',
  )
  const certificate = await readFile(file('authority_certificate'), 'latin1')
  const found = /^fingerprint ([0-9A-F]{40})$/m.exec(certificate)?.[1]
  if (found === undefined) throw new Error(`no fingerprint in the authority certificate in ${keys}`)
  return found
}

/** Makes a relay's identity keys; gives its RSA fingerprint, 40 hex digits. */
export async function createRelayKeys(dataDirectory: string, nickname: string): Promise<string> {
  await mkdir(dataDirectory, { recursive: true, mode: 0o700 })
  // A torrc of its own: tor reads the system's unless it is given another.
  const torrc = join(dataDirectory, 'keys.torrc')
  const lines = [`DataDirectory ${dataDirectory}`, `Nickname ${nickname}`, 'ORPort 1', 'SocksPort 0']
  await writeFile(torrc, `${lines.join('\n')}\n`)
  await run(
    'tor',
    ['-f', torrc, '--defaults-torrc', '/nonexistent', '--ignore-missing-torrc'].concat([
      '--list-fingerprint',
      '--quiet',
    ]),
  )
  const text = await readFile(join(dataDirectory, 'fingerprint'), 'latin1')
  const found = /\b([0-9A-F]{40})\b/.exec(text)?.[1]
  if (found === undefined) throw new Error(`no fingerprint in ${dataDirectory}`)
  return found
}
