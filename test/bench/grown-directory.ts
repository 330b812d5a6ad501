/**
 * The private network's own directory, grown to the size of the real one: thousands of relays that nobody may use stand
 * beside the nine that run, signed again with the authorities' keys, in the cache of a client that has just ended.
 */
import { createHash, createPrivateKey, constants, privateEncrypt } from 'node:crypto'
import { appendFileSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { formatObject } from '../support/test-authority.ts'
import { generateDirectory } from '../support/generate-directory.ts'
import type { TorNetworkRecord } from '../interop/support/tor-network.ts'

const CONSENSUS = 'cached-microdesc-consensus'
const MICRODESCRIPTORS = 'cached-microdescs'

interface Entry {
  readonly identity: Buffer
  readonly text: string
}

/** Weight 0 and no flag that anybody asks for: they are parsed, held and never chosen. Loopback, lest they ever were. */
function unusable(entry: string): string {
  return entry
    .replace(/^(r \S+ \S+ \S+ \S+) \d+\.(\d+\.\d+\.\d+) \d+/m, '$1 127.$2 9')
    .replace(/^a .*\n/m, '')
    .replace(/^s .*$/m, 's Fast Running Stable Valid')
    .replace(/^w .*$/m, 'w Bandwidth=0')
}

function splitEntries(text: string): Entry[] {
  return text.split(/(?=^r )/m).map((entry) => ({
    identity: Buffer.from(entry.split(' ')[2] ?? '', 'base64'),
    text: entry,
  }))
}

function sign(unsigned: string, consensus: string, network: TorNetworkRecord): string {
  const digest = createHash('sha256').update(`${unsigned}directory-signature `, 'latin1').digest()
  // The old signatures name the keys; the keys lie with the authorities.
  return [...consensus.matchAll(/^directory-signature sha256 ([0-9A-F]{40}) ([0-9A-F]{40})$/gm)]
    .map(([line, identity]) => {
      const authority = network.nodes.find(
        ({ dataDirectory, role }) =>
          role === 'authority' &&
          readFileSync(join(dataDirectory, 'keys', 'authority_certificate'), 'latin1').includes(
            `fingerprint ${identity}`,
          ),
      )
      if (authority === undefined) throw new Error(`no authority has the identity ${identity}`)
      const pem = readFileSync(join(authority.dataDirectory, 'keys', 'authority_signing_key'))
      const key = { key: createPrivateKey(pem), padding: constants.RSA_PKCS1_PADDING }
      return `${line}\n${formatObject('SIGNATURE', privateEncrypt(key, digest))}\n`
    })
    .join('')
}

export interface GrownDirectory {
  /** Replaces the directory in the cache of a client, of either program, that does not run. */
  install(dataDirectory: string): void
}

/** `consensus` is the text that a client of the network has cached. */
export function growDirectory(consensus: string, relays: number, network: TorNetworkRecord): GrownDirectory {
  const generated = generateDirectory({ relays, authorities: 1 })
  const firstEntry = consensus.search(/^r /m)
  const footer = consensus.search(/^directory-footer$/m)
  const firstSignature = consensus.search(/^directory-signature /m)
  const entries = [
    ...splitEntries(consensus.slice(firstEntry, footer)),
    ...generated.relays.map(({ identity, entry }) => ({ identity, text: unusable(entry) })),
  ].sort((a, b) => a.identity.compare(b.identity))
  const unsigned =
    consensus.slice(0, firstEntry) +
    entries.map(({ text }) => text).join('') +
    consensus.slice(footer, firstSignature)
  const grown = unsigned + sign(unsigned, consensus, network)
  return {
    install(dataDirectory) {
      writeFileSync(join(dataDirectory, CONSENSUS), grown, { encoding: 'latin1', mode: 0o600 })
      const journal = join(dataDirectory, `${MICRODESCRIPTORS}.new`)
      const own = join(dataDirectory, MICRODESCRIPTORS)
      // C tor maps one file and appends to the other.
      if (existsSync(journal)) appendFileSync(own, readFileSync(journal))
      rmSync(journal, { force: true })
      appendFileSync(own, generated.microdescriptors)
    },
  }
}

/** The consensus that a client has cached. */
export function readCachedConsensus(dataDirectory: string): string {
  return readFileSync(join(dataDirectory, CONSENSUS), 'latin1')
}
