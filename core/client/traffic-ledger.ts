/**
 * Who moved how many bytes: the client, each circuit, each site. Streams of one site on one circuit share a meter, so
 * that a chunk of data costs two additions however many totals are kept; the totals are added up when somebody looks.
 */
import type { Tunnel } from '../circuit/tunnel.ts'
import type { ByteMeter } from '../util/byte-meter.ts'
import type { BandwidthStatus, SiteStatus } from './status.ts'

/** A person looks at some tens of sites a day; a program that walks the web must not fill the memory. */
const MAX_SITES = 1_000

interface SiteRecord {
  /** Of circuits that are gone; less what was moved before the site was forgotten. */
  readonly past: ByteMeter
  /** Wall clock. */
  lastUsedMs: number
  refusal: SiteStatus['refusal']
}

export class TrafficLedger {
  /** By site, the last used last. */
  readonly #sites = new Map<string, SiteRecord>()
  /** By circuit and site, as long as the circuit is there. */
  readonly #meters = new Map<number, Map<string, ByteMeter>>()
  readonly #past: ByteMeter = { readBytes: 0, writtenBytes: 0 }

  /** What a stream to the site on the circuit counts its bytes with. */
  meterFor({ id, closed }: Pick<Tunnel, 'id' | 'closed'>, site: string): ByteMeter {
    let meters = this.#meters.get(id)
    if (meters === undefined) {
      meters = new Map()
      this.#meters.set(id, meters)
      void closed.then(() => this.#close(id))
    }
    const meter = meters.get(site) ?? { readBytes: 0, writtenBytes: 0 }
    meters.set(site, meter)
    this.dropRefusal(site)
    return meter
  }

  /** Somebody asked for the site. */
  noteUse(site: string, wallMs: number): void {
    this.#touch(site).lastUsedMs = wallMs
  }

  /** A rule, or the lack of an exit, refused somebody the site. */
  noteRefusal(site: string, kind: string, wallMs: number): void {
    const record = this.#touch(site)
    record.lastUsedMs = wallMs
    record.refusal = { kind, atMs: wallMs }
  }

  /** It no longer holds: a circuit was found after all, or the rule has changed. */
  dropRefusal(site: string): void {
    const record = this.#sites.get(site)
    if (record !== undefined) record.refusal = undefined
  }

  /** Its totals begin anew when it is used again. */
  forgetSite(site: string): void {
    this.#sites.delete(site)
  }

  /** All that streams have moved since the start. */
  total(): BandwidthStatus {
    const sum = { ...this.#past }
    for (const meters of this.#meters.values()) for (const meter of meters.values()) add(sum, meter)
    return sum
  }

  ofCircuit(id: number): BandwidthStatus {
    const sum = { readBytes: 0, writtenBytes: 0 }
    for (const meter of this.#meters.get(id)?.values() ?? []) add(sum, meter)
    return sum
  }

  /** The last used first. */
  sites(): readonly SiteStatus[] {
    const live = new Map<string, ByteMeter>()
    for (const meters of this.#meters.values()) {
      for (const [site, meter] of meters) live.set(site, sumOf(live.get(site), meter))
    }
    return [...this.#sites]
      .map(([site, { past, lastUsedMs, refusal }]) => ({
        site,
        ...sumOf(live.get(site), past),
        lastUsedMs,
        refusal,
      }))
      .reverse()
  }

  #touch(site: string): SiteRecord {
    const known = this.#sites.get(site)
    const record = known ?? { past: minus(this.#liveOf(site)), lastUsedMs: 0, refusal: undefined }
    this.#sites.delete(site)
    this.#sites.set(site, record)
    for (const oldest of this.#sites.keys()) {
      if (this.#sites.size <= MAX_SITES) break
      this.#sites.delete(oldest)
    }
    return record
  }

  #liveOf(site: string): ByteMeter {
    let sum: ByteMeter = { readBytes: 0, writtenBytes: 0 }
    for (const meters of this.#meters.values()) sum = sumOf(sum, meters.get(site))
    return sum
  }

  /** No stream of it moves anything any more. */
  #close(id: number): void {
    for (const [site, meter] of this.#meters.get(id) ?? []) {
      add(this.#past, meter)
      const record = this.#sites.get(site)
      if (record !== undefined) add(record.past, meter)
    }
    this.#meters.delete(id)
  }
}

function add(sum: ByteMeter, { readBytes, writtenBytes }: BandwidthStatus): void {
  sum.readBytes += readBytes
  sum.writtenBytes += writtenBytes
}

function sumOf(a: ByteMeter | undefined, b: ByteMeter | undefined): ByteMeter {
  return {
    readBytes: (a?.readBytes ?? 0) + (b?.readBytes ?? 0),
    writtenBytes: (a?.writtenBytes ?? 0) + (b?.writtenBytes ?? 0),
  }
}

/** `0 -` keeps a zero without a sign. */
function minus({ readBytes, writtenBytes }: ByteMeter): ByteMeter {
  return { readBytes: 0 - readBytes, writtenBytes: 0 - writtenBytes }
}
