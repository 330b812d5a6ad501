/** Keeps the targets of the fuzzer complete: whoever writes a parser writes a target for it, or says here why not. */
import { readdirSync, readFileSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))

/** What reads something that others wrote, by the words of this house for it. */
const READER =
  /^export (?:async )?(?:function\*? ((?:parse|read|decode|unpack|unseal|tokenize)(?![a-z])\w*)|class (\w+(?:Parser|Reader|Decoder|Framer|Splitter)))\b/gm

const FEWEST_READERS = 90

/** Not fuzzed by their own names, and why. */
const EXCEPTIONS: ReadonlyMap<string, string> = new Map([
  ['parseConsensusInSlices', 'parseConsensus is the same without the slices'],
  ['parseMicrodescriptorsInSlices', 'parseMicrodescriptors is the same without the slices'],
  ['parseAuthorityCert', 'parseAuthorityCerts calls it'],
  ['decodeBegin', 'decodeRelayMessage calls it'],
  ['decodeEnd', 'decodeRelayMessage calls it'],
  ['decodeConnected', 'decodeRelayMessage calls it'],
  ['decodeResolve', 'decodeRelayMessage calls it'],
  ['decodeResolved', 'decodeRelayMessage calls it'],
  ['decodeXon', 'decodeRelayMessage calls it'],
  ['decodeXoff', 'decodeRelayMessage calls it'],
  ['decodeSendme', 'decodeRelayMessage calls it'],
  ['decodeExtend2', 'decodeRelayMessage calls it'],
  ['decodeExtended2', 'decodeRelayMessage calls it'],
  ['decodeTruncated', 'decodeRelayMessage calls it'],
  ['decodeConfluxLink', 'decodeRelayMessage calls it'],
  ['decodeConfluxSwitch', 'decodeRelayMessage calls it'],
  ['decodeCircuitPaddingNegotiate', 'decodeRelayMessage calls it'],
  ['decodeCircuitPaddingNegotiated', 'decodeRelayMessage calls it'],
  ['parseObfs4Arguments', 'checkBridgeArguments calls it'],
  ['parseMeekArguments', 'checkBridgeArguments calls it'],
  ['parseSnowflakeArguments', 'checkBridgeArguments calls it'],
  ['parseWebtunnelArguments', 'checkBridgeArguments calls it'],
  ['readBundledFile', 'opens a file of our own; what it holds is a target'],
  ['readUserFile', 'opens a file; what it holds is a target'],
  ['readDocumentFile', 'opens a file; what it holds is a target'],
  ['readSitePolicies', 'loadSitePolicies reads the same document'],
  ['readNetworkLines', 'a file that a test names; its lines are torrc'],
  ['readDoctorTargets', 'opens a file for parseDoctorTargets'],
  ['readWordsBeside', 'opens files that come with the program'],
  ['readHasConnectedBefore', 'whether a file is there'],
])

interface Reader {
  readonly name: string
  readonly path: string
}

function filesBelow(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)).split(sep).join('/'))
}

function readersIn(path: string): Reader[] {
  const text = readFileSync(join(ROOT, path), 'utf8')
  return [...text.matchAll(READER)].map(([, read, taken]) => ({ name: read ?? taken ?? '', path }))
}

const readers = [...filesBelow('core'), ...filesBelow('electron')].flatMap(readersIn)
const targetWords = new Set(
  filesBelow('test/fuzz/targets').flatMap(
    (path) => readFileSync(join(ROOT, path), 'utf8').match(/\w+/g) ?? [],
  ),
)

describe('the targets of the fuzzer', () => {
  it('have every reader of foreign bytes or words among them', () => {
    expect(readers.length).toBeGreaterThan(FEWEST_READERS)
    const missing = readers.filter(({ name }) => !targetWords.has(name) && !EXCEPTIONS.has(name))
    expect(missing.map(({ name, path }) => `${path}: ${name}`)).toEqual([])
  })

  it('have no exception for what is gone or fuzzed', () => {
    const names = new Set(readers.map(({ name }) => name))
    expect([...EXCEPTIONS.keys()].filter((name) => !names.has(name) || targetWords.has(name))).toEqual([])
  })
})
