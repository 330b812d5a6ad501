import { describe, expect, it } from 'vitest'
import { sha256 } from '../../../core/crypto/hash.ts'
import { DirectoryStore } from '../../../core/directory/directory-store.ts'
import { ListingTimes } from '../../../core/directory/listing-times.ts'
import { parseAuthorityCerts } from '../../../core/netdoc/authority-cert.ts'
import { parseConsensus } from '../../../core/netdoc/consensus.ts'
import { MemoryStateStore } from '../../../core/persist/memory-state-store.ts'
import { TorError } from '../../../core/util/errors.ts'
import { bytesKey } from '../../../core/util/bytes.ts'
import { formatLogParts, Logger, silentLogger } from '../../../core/util/log.ts'
import {
  LIVE_CERTS,
  LIVE_CONSENSUS_2,
  LIVE_MICRODESCS,
  LIVE_NOW_MS,
  LIVE_TRUSTED,
  splitCerts,
  splitMicrodescs,
} from './support/live-documents.ts'
import { countingClock } from './support/test-clock.ts'

const DAY_MS = 86_400_000
const signal = new AbortController().signal

function open(inner: MemoryStateStore = new MemoryStateStore(), nowMs = LIVE_NOW_MS) {
  const warnings: string[] = []
  const log = new Logger(({ level, parts }) => {
    if (level === 'warn') warnings.push(formatLogParts(parts, true))
  })
  return { inner, warnings, store: new DirectoryStore(inner, countingClock(nowMs), log) }
}

async function filled(): Promise<MemoryStateStore> {
  const inner = new MemoryStateStore()
  await inner.write('cached-microdesc-consensus', LIVE_CONSENSUS_2)
  await inner.write('cached-certs', Buffer.from(LIVE_CERTS))
  await inner.write('cached-microdescs', Buffer.from(LIVE_MICRODESCS))
  return inner
}

describe('the directory cache', () => {
  it('is empty at first, which is nothing to speak of', async () => {
    const { store, warnings } = open()
    const cached = await store.load(LIVE_TRUSTED, signal)
    expect(cached).toEqual({ consensus: undefined, certs: [], microdescriptors: undefined })
    expect(warnings).toEqual([])
  })

  it('gives back what verifies', async () => {
    const { store, warnings } = open(await filled())
    const cached = await store.load(LIVE_TRUSTED, signal)
    expect(cached.consensus?.relays.count).toBe(9)
    expect(cached.certs).toHaveLength(3)
    expect(cached.microdescriptors?.count).toBe(9)
    expect(warnings).toEqual([])
  })

  it('sets a consensus aside that too few of the certificates verify', async () => {
    const inner = await filled()
    await inner.write('cached-certs', Buffer.from(splitCerts(LIVE_CERTS)[0] ?? ''))
    const { store, warnings } = open(inner)
    expect((await store.load(LIVE_TRUSTED, signal)).consensus).toBeUndefined()
    expect(inner.names()).toContain('cached-microdesc-consensus.bad-1')
    expect(warnings).toHaveLength(1)
  })

  it('sets certificates aside when one of them is damaged, and uses the others', async () => {
    const inner = await filled()
    await inner.write(
      'cached-certs',
      Buffer.from(LIVE_CERTS.replace('dir-key-published 2026', 'dir-key-published 2025')),
    )
    const { store, warnings } = open(inner)
    const cached = await store.load(LIVE_TRUSTED, signal)
    expect(cached.certs).toHaveLength(2)
    // Two of three authorities are more than half.
    expect(cached.consensus).toBeDefined()
    expect(inner.names()).toContain('cached-certs.bad-1')
    expect(warnings).toHaveLength(1)
  })

  it('writes certificates that a full disk refused with the next consensus, which could not be verified without', async () => {
    const inner = new MemoryStateStore()
    const { store } = open(inner)
    const { certs } = parseAuthorityCerts(Buffer.from(LIVE_CERTS))
    const write = inner.write.bind(inner)
    inner.write = () => Promise.reject(new TorError('state', 'no space left'))
    store.saveConsensus(LIVE_CONSENSUS_2, certs)
    await store.flush()
    inner.write = write
    store.saveConsensus(LIVE_CONSENSUS_2, certs)
    await store.flush()
    const { store: next, warnings } = open(inner)
    expect((await next.load(LIVE_TRUSTED, signal)).consensus).toBeDefined()
    expect(warnings).toEqual([])
  })

  it('writes the certificates again after it set damaged ones aside, also when none is new', async () => {
    const inner = await filled()
    const extra = splitCerts(LIVE_CERTS)[0]?.replace('dir-key-published 2026', 'dir-key-published 2025') ?? ''
    await inner.write('cached-certs', Buffer.from(`${LIVE_CERTS}${extra}`))
    const { store } = open(inner)
    const { certs } = await store.load(LIVE_TRUSTED, signal)
    expect(certs).toHaveLength(3)
    expect(inner.names()).not.toContain('cached-certs')
    store.saveConsensus(LIVE_CONSENSUS_2, certs)
    await store.flush()
    expect((await open(inner).store.load(LIVE_TRUSTED, signal)).consensus).toBeDefined()
  })

  it('leaves an old consensus where it is, unused', async () => {
    const inner = await filled()
    const { store, warnings } = open(inner, LIVE_NOW_MS + 48 * 3_600_000)
    expect((await store.load(LIVE_TRUSTED, signal)).consensus).toBeUndefined()
    expect(inner.names().some((name) => name.includes('.bad-'))).toBe(false)
    expect(warnings).toEqual([])
  })

  it('rewrites the journal without its damage, and keeps the damaged one', async () => {
    const inner = await filled()
    const documents = splitMicrodescs(LIVE_MICRODESCS)
    const damaged = [documents[0] ?? '', 'onion-key\nnonsense with \0 in it\n', ...documents.slice(1)].join(
      '',
    )
    await inner.write('cached-microdescs', Buffer.from(damaged))
    const { store, warnings } = open(inner)
    expect((await store.load(LIVE_TRUSTED, signal)).microdescriptors?.count).toBe(9)
    await store.flush()
    expect(Buffer.from((await inner.read('cached-microdescs')) ?? []).toString()).toBe(LIVE_MICRODESCS)
    expect(inner.names()).toContain('cached-microdescs.bad-1')
    expect(warnings).toHaveLength(1)
  })

  it('drops what the consensus does not list once it is most of the journal', async () => {
    const inner = await filled()
    const { store } = open(inner)
    await store.load(LIVE_TRUSTED, signal)
    const consensus = parseConsensus(LIVE_CONSENSUS_2)
    const [document = ''] = splitMicrodescs(LIVE_MICRODESCS)
    const stale = document.replace(/^onion-key\n(?:-----[^]*?-----END RSA PUBLIC KEY-----\n)?/, 'onion-key\n')
    for (let n = 0; n < 60; n++) store.appendMicrodescs(Buffer.from(stale.repeat(200)))
    await store.flush()
    const before = (await inner.read('cached-microdescs'))?.length ?? 0
    expect(before).toBeGreaterThan(1_100_000)
    store.compactMicrodescs(consensus, signal)
    await store.flush()
    expect(Buffer.from((await inner.read('cached-microdescs')) ?? []).toString()).toBe(LIVE_MICRODESCS)
  })

  it('keeps what was listed within seven days, through a restart, and drops it afterwards', async () => {
    const inner = await filled()
    const [gone = '', ...others] = splitMicrodescs(LIVE_MICRODESCS)
    const whole = parseConsensus(LIVE_CONSENSUS_2)
    const digest = sha256(Buffer.from(gone)).toString('base64').replace('=', '')
    const text = LIVE_CONSENSUS_2.toString('latin1')
    expect(text).toContain(`\nm ${digest}\n`)
    // Its relay has another microdescriptor now.
    const without = parseConsensus(Buffer.from(text.replace(digest, 'A'.repeat(43)), 'latin1'))
    const bulk = [gone, ...others].join('').repeat(600)
    const journalAfter = async (fromMs: number, toMs: number): Promise<string> => {
      const clock = countingClock(fromMs)
      const store = new DirectoryStore(inner, clock, silentLogger)
      await store.load(LIVE_TRUSTED, signal)
      store.compactMicrodescs(whole, signal)
      store.compactMicrodescs(without, signal)
      await store.flush()
      clock.advance(toMs - fromMs)
      store.appendMicrodescs(Buffer.from(bulk))
      store.compactMicrodescs(without, signal)
      await store.flush()
      return Buffer.from((await inner.read('cached-microdescs')) ?? []).toString()
    }
    expect(await journalAfter(LIVE_NOW_MS, LIVE_NOW_MS + 6.9 * DAY_MS)).toContain(gone)
    const restarted = countingClock(LIVE_NOW_MS + 7.1 * DAY_MS)
    const store = new DirectoryStore(inner, restarted, silentLogger)
    await store.load(LIVE_TRUSTED, signal)
    store.appendMicrodescs(Buffer.from(bulk))
    store.compactMicrodescs(without, signal)
    await store.flush()
    const journal = Buffer.from((await inner.read('cached-microdescs')) ?? []).toString()
    expect(journal).toBe(others.join(''))
  })

  it('counts from now where nothing can be read of when a microdescriptor was listed', async () => {
    const times = new ListingTimes()
    const digest = Buffer.alloc(32, 7)
    times.read(`${'x'.repeat(100)}\n${digest.toString('base64').slice(0, 43)} 99999999\nAAA 1\n`, 5_000)
    times.note(Buffer.alloc(32, 1), 5_000)
    times.noteFound(digest, 5_000)
    const key = bytesKey(digest)
    expect(times.keeper(5_000 + 7 * DAY_MS)(key)).toBe(true)
    const copy = new ListingTimes()
    copy.read(times.toString(), 6_000)
    expect(copy.toString()).toBe(times.toString())
    expect(times.keeper(5_001 + 7 * DAY_MS)(key)).toBe(false)
    expect(times.keeper(5_001 + 70 * DAY_MS)(bytesKey(Buffer.alloc(32, 1)))).toBe(true)
  })

  it('goes on in memory when the disk fails, and says so once', async () => {
    class FullDisk extends MemoryStateStore {
      override async write(): Promise<void> {
        throw new TorError('state', 'no space left')
      }
      override async read(): Promise<Uint8Array | undefined> {
        throw new TorError('state', 'input/output error')
      }
    }
    const { store, warnings } = open(new FullDisk())
    const cached = await store.load(LIVE_TRUSTED, signal)
    expect(cached.consensus).toBeUndefined()
    store.saveConsensus(LIVE_CONSENSUS_2, [])
    store.saveConsensus(LIVE_CONSENSUS_2, [])
    await store.flush()
    expect(warnings).toHaveLength(1)
  })
})
