/** Directory documents, whole and in pieces: what a directory cache, a bridge, an authority or the disk can give us. */
import { isIPv4, isIPv6 } from 'node:net'
import { parseAuthorityCerts } from '../../../core/netdoc/authority-cert.ts'
import {
  decodeBase64Into,
  formatIpv4Value,
  parseIpv4Value,
  parseUnsigned,
  readIpv6Endpoint,
} from '../../../core/netdoc/ascii.ts'
import { parseConsensus } from '../../../core/netdoc/consensus.ts'
import {
  applyConsensusDiffInSlices,
  isConsensusDiff,
  signedSha3,
} from '../../../core/netdoc/consensus-diff.ts'
import { parseConsensusFooter, parseConsensusHeader } from '../../../core/netdoc/consensus-frame.ts'
import { applyEdScript, parseEdScript } from '../../../core/netdoc/ed-script.ts'
import { parseExitPolicy } from '../../../core/netdoc/exit-policy.ts'
import { parseMicrodescriptors } from '../../../core/netdoc/microdescriptor.ts'
import { findMissingProtocols, parseProtocolVersions } from '../../../core/netdoc/protocol-versions.ts'
import { parseServerDescriptor } from '../../../core/netdoc/server-descriptor.ts'
import { finishSlices } from '../../../core/netdoc/slices.ts'
import { parseTime } from '../../../core/netdoc/times.ts'
import { tokenize } from '../../../core/netdoc/tokenizer.ts'
import { NetDir } from '../../../core/netdir/net-dir.ts'
import { ListingTimes } from '../../../core/directory/listing-times.ts'
import { formatIp, parseIp } from '../../../core/util/ip-address.ts'
import {
  capturedDirectory,
  mustReject,
  realConsensus,
  realMicrodescriptors,
} from '../../support/directory-vectors.ts'
import descriptors from '../../vectors/server_descriptors_tor_0_4_9_11.json' with { type: 'json' }
import diffs from '../../vectors/consensus_diff.json' with { type: 'json' }
import liveDirectory from '../../vectors/live_directory_tor_0_4_9_11.json' with { type: 'json' }
import { mustAgree } from '../engine/oracles.ts'
import { type FuzzTarget, mustHold } from '../engine/target.ts'

const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1')

/** An ordinary reader of the same diffs, slow and simple. */
function applyPlainly(base: string, script: string): string | undefined {
  const lines = base.split('\n')
  if (lines.at(-1) === '') lines.pop()
  const commands = script.split('\n')
  for (let at = 0; at < commands.length - 1; ) {
    const [, from = '', to, letter = ''] = /^([0-9]+)(?:,([0-9]+|\$))?([acd])$/.exec(commands[at] ?? '') ?? []
    at++
    const text: string[] = []
    if (letter !== 'd') {
      while (commands[at] !== '.') text.push(commands[at++] ?? '')
      at++
    }
    const first = Number(from)
    const last = letter === 'a' ? first : to === '$' ? lines.length : Number(to ?? from)
    if (last > lines.length) return undefined
    if (letter === 'a') lines.splice(first, 0, ...text)
    else lines.splice(first - 1, last - first + 1, ...text)
  }
  return lines.map((line) => `${line}\n`).join('')
}

const ED_LIMITS = { maxScriptLines: 200, maxResultBytes: 20_000 }
const ED_BASE = latin1(Array.from({ length: 12 }, (_, at) => `line ${at + 1}\n`).join(''))

const consensusWithOneRelay = (): Buffer => {
  const text = realConsensus.toString('latin1')
  const relays = text.split(/^(?=r )/m)
  const footer = text.slice(text.indexOf('directory-footer'))
  return latin1(`${relays[0]}${relays[1]}${footer}`)
}

const NO_SIGNAL_KINDS = ['malformed', 'limit'] as const

export const DIRECTORY_TARGETS: readonly FuzzTarget[] = [
  {
    name: 'consensus',
    form: 'text',
    mayThrow: ['malformed'],
    maxBytes: 60_000,
    unitRuns: 300,
    seeds: () => [
      capturedDirectory.consensus,
      realConsensus,
      consensusWithOneRelay(),
      ...mustReject('bad-mdconsensus').map(({ text }) => latin1(text)),
    ],
    run(input) {
      const copy = Buffer.from(input)
      const consensus = parseConsensus(copy)
      mustHold(copy.equals(input), 'the document was changed')
      mustHold(consensus.validAfterMs < consensus.validUntilMs, 'it ends before it begins')
      const { relays } = consensus
      // What is made of the columns may not fail either: nobody checks it again.
      const netDir = NetDir.build({ consensus })
      for (let row = 0; row < relays.count; row++) {
        const { rsa } = netDir.ids(row)
        mustHold(netDir.indexOf(rsa) === row, 'a relay is not found by its identity')
        mustHold(isIPv4(formatIpv4Value(netDir.ipv4Value(row))), 'an address that is none')
        const { ipv6 } = netDir.relay(row)
        mustHold(ipv6 === undefined || isIPv6(ipv6.host), 'an IPv6 address that is none')
      }
    },
  },
  {
    name: 'consensus-header',
    form: 'text',
    mayThrow: ['malformed'],
    maxBytes: 8192,
    seeds: () => [realConsensus.toString('latin1').split('\nr ')[0] ?? ''].map((text) => latin1(`${text}\n`)),
    run: (input) => parseConsensusHeader(input.toString('latin1')),
  },
  {
    name: 'consensus-footer',
    form: 'text',
    mayThrow: ['malformed'],
    maxBytes: 8192,
    seeds: () => {
      const text = realConsensus.toString('latin1')
      return [latin1(text.slice(text.indexOf('directory-footer')))]
    },
    run: (input) => parseConsensusFooter(input.toString('latin1')),
  },
  {
    name: 'consensus-diff',
    form: 'text',
    mayThrow: ['malformed', 'limit', 'bad-directory'],
    maxBytes: 20_000,
    unitRuns: 300,
    seeds: () => [liveDirectory.diff_1_to_2, ...diffs.apply.map(({ diff }) => diff)],
    run(input) {
      mustHold(typeof isConsensusDiff(input) === 'boolean', 'a question has an answer')
      const base = capturedDirectory.consensus
      finishSlices(applyConsensusDiffInSlices(base, signedSha3(base), input))
    },
  },
  {
    name: 'ed-script',
    form: 'text',
    mayThrow: NO_SIGNAL_KINDS,
    maxBytes: 2048,
    seeds: () => [
      ...Object.keys(diffs.command_ok),
      '12,$d\n7,8c\na\nb\n.\n5d\n0a\nx\n.\n',
      '3a\nnew\n.\n1d\n',
    ],
    words: ['a\n', 'c\n', 'd\n', '.\n', ',$d\n', '12', '1,2'],
    run(input) {
      const script = finishSlices(parseEdScript(input, 0, ED_LIMITS))
      const result = finishSlices(applyEdScript(ED_BASE, input, script, ED_LIMITS))
      const expected = applyPlainly(ED_BASE.toString('latin1'), input.toString('latin1'))
      mustAgree(result.toString('latin1'), expected, 'an ordinary ed makes something else of it')
      mustHold(result.length <= ED_BASE.length + input.length, 'the result is longer than both inputs')
    },
  },
  {
    name: 'microdescriptors',
    form: 'text',
    mayThrow: [],
    maxBytes: 16_384,
    seeds: () => [
      realMicrodescriptors,
      capturedDirectory.microdescriptors.subarray(0, 4000),
      ...mustReject('bad-mds').map(({ text }) => latin1(text)),
    ],
    run(input) {
      const batch = parseMicrodescriptors(Buffer.from(input))
      let last = 0
      for (let row = 0; row < batch.count; row++) {
        const start = batch.starts[row] ?? 0
        const end = batch.ends[row] ?? 0
        mustHold(start >= last && end > start && end <= input.length, 'documents do not follow each other')
        last = end
        const policy = batch.exitPolicies[batch.exitPolicyIndex[row] ?? 0]
        mustHold(policy !== undefined, 'a document has no policy')
        const ipv6 = batch.ipv6(row)
        mustHold(ipv6 === undefined || (isIPv6(ipv6.host) && ipv6.port > 0), 'an IPv6 address that is none')
        // Each on its own is the same document.
        const alone = parseMicrodescriptors(Buffer.from(input.subarray(start, end)))
        mustHold(alone.count === 1, 'a document is none on its own')
      }
    },
  },
  {
    name: 'server-descriptor',
    form: 'text',
    mayThrow: ['malformed', 'bad-directory'],
    maxBytes: 8192,
    unitRuns: 200,
    seeds: () => descriptors.descriptors.map(latin1),
    run: (input) => parseServerDescriptor(input.toString('latin1')),
  },
  {
    name: 'authority-certs',
    form: 'text',
    mayThrow: [],
    maxBytes: 16_384,
    unitRuns: 100,
    seeds: () => [capturedDirectory.certs, ...mustReject('bad-certs').map(({ text }) => latin1(text))],
    run(input) {
      const { certs, rejected } = parseAuthorityCerts(input)
      mustHold(certs.length + rejected.length <= 100, 'more certificates than are looked at')
      for (const { kind } of rejected)
        mustHold(kind === 'malformed' || kind === 'bad-directory', `refused as ${kind}`)
    },
  },
  {
    name: 'tokenizer',
    form: 'text',
    mayThrow: ['malformed'],
    seeds: () => [descriptors.descriptors[0] ?? '', 'a b c\n-----BEGIN X-----\nAAAA\n-----END X-----\n'],
    run(input) {
      const text = input.toString('latin1')
      let end = 0
      for (const item of tokenize(text, 'fuzz')) {
        mustHold(item.start >= end, 'items overlap')
        mustHold(text.startsWith(item.keyword, item.start), 'an item is not where it says')
        mustHold(text[item.lineEnd - 1] === '\n', 'a line does not end where it says')
        end = item.lineEnd
      }
    },
  },
  {
    name: 'exit-policy',
    form: 'text',
    mayThrow: ['malformed'],
    maxBytes: 512,
    seeds: () => ['accept 80,443,8000-8100', 'reject 1-65535', 'reject 25,119,135-139', 'accept 1-65535'],
    run(input) {
      const text = input.toString('latin1')
      const policy = parseExitPolicy(text)
      const [verdict, list = ''] = text.split(' ')
      const isListed = (port: number): boolean =>
        list.split(',').some((range) => {
          const [low, high = low] = range.split('-').map(Number)
          return low !== undefined && high !== undefined && port >= low && port <= high
        })
      let allowsAny = false
      for (const port of [1, 22, 80, 443, 8050, 25, 65_535, ...list.split(/[,-]/).map(Number)]) {
        const expected = port >= 1 && port <= 65_535 && isListed(port) === (verdict === 'accept')
        mustHold(policy.allowsPort(port) === expected, `port ${port} is judged wrongly`)
        allowsAny ||= expected
      }
      mustHold(!(policy.rejectsAll && allowsAny), 'it rejects all and allows some')
    },
  },
  {
    name: 'protocol-versions',
    form: 'text',
    mayThrow: ['malformed'],
    maxBytes: 1024,
    seeds: () => ['Cons=1-2 Desc=1-4 DirCache=2 FlowCtrl=1-2 Link=1-5 Relay=1-4', 'Link=4-5', 'X='],
    run(input) {
      const protocols = parseProtocolVersions(input.toString('latin1'))
      mustHold(findMissingProtocols(protocols).length <= 20_000, 'bounded')
    },
  },
  {
    name: 'document-time',
    form: 'text',
    mayThrow: ['malformed'],
    maxBytes: 64,
    seeds: () => ['2026-11-22 15:10:44', '1970-01-01 00:00:00', '2000-02-29 23:59:59', '9999-12-31 00:00:00'],
    run(input) {
      const [date, time] = input.toString('latin1').split(' ')
      const ms = parseTime(date, time, 'fuzz')
      mustHold(new Date(ms).toISOString() === `${date}T${time}.000Z`, 'another moment than it says')
    },
  },
  {
    name: 'document-fields',
    form: 'text',
    mayThrow: [],
    maxBytes: 200,
    seeds: () => [
      '192.0.2.1',
      '[2001:db8::1]:9001',
      '[::1]:1\n:80',
      '[1:2:3:4:5:6:7:8]:65535',
      '4294967295',
      'mSKnfR9DdI7tE+kVEvbGuDqOTQnZNcFZUAzRpB5kPlo',
      '[::]:443',
      '[1::8]:09',
    ], // prettier-ignore
    run(input) {
      const line = input.toString('latin1')
      const end = input.length
      const ipv4 = parseIpv4Value(input, 0, end)
      const isNormal = isIPv4(line)
      // Leading zeros are octal to some: they may not be read, and nothing else may be read that others do not.
      mustHold(ipv4 < 0 || isNormal || /(^|\.)0\d/.test(line), 'an address that is none')
      mustHold(!isNormal || formatIpv4Value(ipv4) === line, 'another address than it says')
      const number = parseUnsigned(input, 0, end, 2 ** 52)
      mustHold(number < 0 === !(/^[0-9]{1,15}$/.test(line) && Number(line) <= 2 ** 52), 'a number')
      const key = Buffer.alloc(40, 0xee)
      if (decodeBase64Into(input, 0, end, key, 4, 32)) {
        mustHold(key.subarray(4, 36).equals(Buffer.from(line, 'base64').subarray(0, 32)), 'another key')
      }
      mustHold(key[3] === 0xee && key[36] === 0xee, 'written beside its place')
      checkIpv6(input, line)
    },
  },
  {
    name: 'listing-times',
    form: 'text',
    mayThrow: [],
    seeds: () => ['mSKnfR9DdI7tE+kVEvbGuDqOTQnZNcFZUAzRpB5kPlo 1790000000000\n'],
    run(input) {
      const times = new ListingTimes()
      times.read(input.toString('latin1'), 1_790_000_000_001)
      const again = new ListingTimes()
      again.read(times.toString(), 1_790_000_000_001)
      mustAgree(again.toString(), times.toString(), 'what is kept is read as something else')
    },
  },
]

/** A line that goes on behind what is looked at must not count. */
function checkIpv6(input: Buffer, line: string): void {
  const lineEnd = input.indexOf(0x0a)
  const end = lineEnd < 0 ? input.length : lineEnd
  const out = Buffer.alloc(20, 0xee)
  const port = readIpv6Endpoint(input, 0, end, out, 2)
  mustHold(out[1] === 0xee && out[18] === 0xee, 'written beside its place')
  const [, host = '', portText = ''] = /^\[([^\]]*)\]:([0-9]{1,15})$/.exec(line.slice(0, end)) ?? []
  const isGood = isIPv6(host) && !/[%.]/.test(host) && Number(portText) >= 1 && Number(portText) <= 65_535
  mustHold(port > 0 === isGood, `an IPv6 address that is ${isGood ? 'one' : 'none'}`)
  if (!isGood) return
  mustHold(port === Number(portText), 'another port than it says')
  mustHold(formatIp(out.subarray(2, 18)) === formatIp(parseIp(host)), 'another address than it says')
}
