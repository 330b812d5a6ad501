import { describe, expect, it } from 'vitest'
import { DirectoryStore } from '../../../core/directory/directory-store.ts'
import { parseConsensus } from '../../../core/netdoc/consensus.ts'
import { MemoryStateStore } from '../../../core/persist/memory-state-store.ts'
import { TorError } from '../../../core/util/errors.ts'
import { formatLogParts, Logger } from '../../../core/util/log.ts'
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
    store.saveConsensus(LIVE_CONSENSUS_2)
    store.saveConsensus(LIVE_CONSENSUS_2)
    await store.flush()
    expect(warnings).toHaveLength(1)
  })
})
