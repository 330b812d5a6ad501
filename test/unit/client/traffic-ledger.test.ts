import { describe, expect, it } from 'vitest'
import { TrafficLedger } from '../../../core/client/traffic-ledger.ts'
import { createDeferred } from '../../../core/util/deferred.ts'
import { TorError } from '../../../core/util/errors.ts'

const CLOSED = new TorError('closed', 'closed')

function circuit(id: number) {
  const { promise, resolve } = createDeferred<TorError>()
  return {
    ends: { id, closed: promise },
    async close(): Promise<void> {
      resolve(CLOSED)
      await promise
      await Promise.resolve()
    },
  }
}

describe('the ledger of traffic', () => {
  it('adds up by circuit, by site and in all', () => {
    const ledger = new TrafficLedger()
    const [one, two] = [circuit(1), circuit(2)]
    for (const site of ['a.test', 'b.test']) ledger.noteUse(site, 1_000)
    ledger.meterFor(one.ends, 'a.test').readBytes += 100
    ledger.meterFor(one.ends, 'b.test').readBytes += 20
    ledger.meterFor(two.ends, 'a.test').writtenBytes += 3
    expect(ledger.ofCircuit(1)).toEqual({ readBytes: 120, writtenBytes: 0 })
    expect(ledger.ofCircuit(2)).toEqual({ readBytes: 0, writtenBytes: 3 })
    expect(ledger.ofCircuit(3)).toEqual({ readBytes: 0, writtenBytes: 0 })
    expect(ledger.total()).toEqual({ readBytes: 120, writtenBytes: 3 })
    expect(ledger.sites()).toMatchObject([
      { site: 'b.test', readBytes: 20, writtenBytes: 0 },
      { site: 'a.test', readBytes: 100, writtenBytes: 3 },
    ])
  })

  it('gives streams of one site on one circuit one meter', () => {
    const ledger = new TrafficLedger()
    const one = circuit(1)
    expect(ledger.meterFor(one.ends, 'a.test')).toBe(ledger.meterFor(one.ends, 'a.test'))
    expect(ledger.meterFor(one.ends, 'a.test')).not.toBe(ledger.meterFor(one.ends, 'b.test'))
  })

  it('keeps the totals of sites, and of all, when circuits are gone', async () => {
    const ledger = new TrafficLedger()
    const one = circuit(1)
    ledger.noteUse('a.test', 1_000)
    ledger.meterFor(one.ends, 'a.test').readBytes += 100
    await one.close()
    expect(ledger.ofCircuit(1).readBytes).toBe(0)
    expect(ledger.total().readBytes).toBe(100)
    expect(ledger.sites()).toMatchObject([{ site: 'a.test', readBytes: 100, lastUsedMs: 1_000 }])
  })

  it('begins a forgotten site anew when it is used again, on the same circuit too, and loses nothing of the total', async () => {
    const ledger = new TrafficLedger()
    const one = circuit(1)
    ledger.noteUse('a.test', 1_000)
    const meter = ledger.meterFor(one.ends, 'a.test')
    meter.readBytes += 100
    ledger.forgetSite('a.test')
    expect(ledger.sites()).toEqual([])
    meter.readBytes += 5
    ledger.noteUse('a.test', 2_000)
    expect(ledger.sites()).toMatchObject([{ readBytes: 0 }])
    meter.readBytes += 7
    expect(ledger.sites()).toMatchObject([{ readBytes: 7 }])
    await one.close()
    expect(ledger.sites()).toMatchObject([{ readBytes: 7 }])
    expect(ledger.total().readBytes).toBe(112)
  })

  it('remembers the last refusal', () => {
    const ledger = new TrafficLedger()
    ledger.noteRefusal('a.test', 'blocked', 1_000)
    ledger.noteRefusal('a.test', 'no-path', 2_000)
    ledger.noteUse('a.test', 3_000)
    expect(ledger.sites()).toMatchObject([
      { site: 'a.test', lastUsedMs: 3_000, refusal: { kind: 'no-path', atMs: 2_000 } },
    ])
  })

  it('drops a refusal when a circuit was found for the site after all, and when its rule has changed', () => {
    const ledger = new TrafficLedger()
    ledger.noteRefusal('a.test', 'no-path', 1_000)
    ledger.noteRefusal('b.test', 'blocked', 1_000)
    ledger.meterFor(circuit(1).ends, 'a.test')
    ledger.dropRefusal('b.test')
    expect(ledger.sites().map(({ refusal }) => refusal)).toEqual([undefined, undefined])
  })

  it('keeps a thousand sites, and drops those that were unused the longest', () => {
    const ledger = new TrafficLedger()
    for (let at = 0; at < 1_001; at++) {
      ledger.noteUse('kept.test', at)
      ledger.noteUse(`site${at}.test`, at)
    }
    const sites = ledger.sites().map(({ site }) => site)
    expect(sites).toHaveLength(1_000)
    expect(sites).toContain('kept.test')
    expect(sites[0]).toBe('site1000.test')
    expect(sites).not.toContain('site0.test')
  })
})
