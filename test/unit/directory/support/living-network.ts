/**
 * A directory network that lives: authorities of the test's own make a consensus every hour of the true time, caches
 * serve it whole or as a diff, and a client's clock may be wrong. Built on the captured network's relays.
 */
import { createHash } from 'node:crypto'
import { DirectoryManager, type DirectoryManagerDeps } from '../../../../core/directory/directory-manager.ts'
import type { ClockEvidence } from '../../../../core/directory/clock-evidence.ts'
import { parseRsaIdentity } from '../../../../core/linkspec/relay-ids.ts'
import type { ChannelTarget } from '../../../../core/linkspec/relay-target.ts'
import type { NetDir } from '../../../../core/netdir/net-dir.ts'
import { MemoryStateStore } from '../../../../core/persist/memory-state-store.ts'
import { Logger, type LogRecord } from '../../../../core/util/log.ts'
import { seededRandom } from '../../../support/seeded-random.ts'
import { formatTime, signConsensus, TestAuthority } from '../../../support/test-authority.ts'
import { type FakeAnswer, FakeDirectory, httpReply, serve } from './fake-directory.ts'
import { authorityOf, LIVE_CONSENSUS_2, LIVE_MICRODESCS } from './live-documents.ts'
import { advanceUntil, type CountingClock, countingClock } from './test-clock.ts'

export const HOUR_MS = 3_600_000
export const DAY_MS = 24 * HOUR_MS
/** An exact hour. */
export const BEGIN_MS = Date.UTC(2026, 11, 1, 12)

const [BODY = ''] = LIVE_CONSENSUS_2.toString().split(/^(?=directory-signature )/m)

/** Making RSA keys takes longer than all the rest: tests share them, and may change the signing keys for those after them. */
const SHARED_AUTHORITIES = ['a', 'b', 'c'].map((name) => new TestAuthority(name))

export class LivingNetwork {
  readonly authorities: readonly TestAuthority[]
  /** What relays were sent: whole consensuses and diffs. */
  served: ('whole' | 'diff' | 'not-modified')[] = []
  certificateLifeMs = 365 * DAY_MS
  readonly #consensuses = new Map<number, Buffer>()

  constructor(authorities: readonly TestAuthority[] = SHARED_AUTHORITIES) {
    this.authorities = authorities
  }

  /** The newest at this true time. */
  consensusAt(trueMs: number): Buffer {
    const validAfterMs = Math.floor(trueMs / HOUR_MS) * HOUR_MS
    const made = this.#consensuses.get(validAfterMs)
    if (made !== undefined) return made
    const hour = validAfterMs / HOUR_MS
    const unsigned = BODY.replace(/^valid-after .*$/m, `valid-after ${formatTime(validAfterMs)}`)
      .replace(/^fresh-until .*$/m, `fresh-until ${formatTime(validAfterMs + HOUR_MS)}`)
      .replace(/^valid-until .*$/m, `valid-until ${formatTime(validAfterMs + 3 * HOUR_MS)}`)
      .replace(/^w Bandwidth=54 .*$/gm, `w Bandwidth=${50 + (hour % 7)}`)
    const consensus = signConsensus(unsigned, this.authorities)
    this.#consensuses.set(validAfterMs, consensus)
    return consensus
  }

  certs(trueMs: number): string {
    const renewalMs = this.certificateLifeMs / 2
    const publishedMs = Math.floor(trueMs / renewalMs) * renewalMs
    const expiresMs = publishedMs + this.certificateLifeMs
    return this.authorities
      .map((authority) => authority.certificate(trueMs, { publishedMs, expiresMs }))
      .join('')
  }

  /** A good cache at this true time, whose clock is right. */
  cache(trueMs: () => number): (path: string, headers: ReadonlyMap<string, string>) => FakeAnswer {
    return (path, headers) => {
      const nowMs = trueMs()
      const consensus = this.consensusAt(nowMs)
      if (!path.startsWith('/tor/status-vote/')) {
        return serve({ consensus, certs: this.certs(nowMs), microdescs: LIVE_MICRODESCS })(path)
      }
      const date = `Date: ${new Date(nowMs).toUTCString()}`
      const since = Date.parse(headers.get('If-Modified-Since') ?? '')
      if (since >= Math.floor(nowMs / HOUR_MS) * HOUR_MS) {
        this.served.push('not-modified')
        return httpReply(304, '', [date])
      }
      const from = headers.get('X-Or-Diff-From-Consensus')
      const base = [...this.#consensuses.values()].find((one) => signedSha3(one) === from)
      this.served.push(base === undefined ? 'whole' : 'diff')
      return httpReply(200, base === undefined ? consensus : makeDiff(base, consensus), [date])
    }
  }
}

/** As C tor would, but one command for each changed line, and one for the signatures. */
export function makeDiff(base: Buffer, target: Buffer): Buffer {
  const from = base.toString().trimEnd().split('\n')
  const to = target.toString().trimEnd().split('\n')
  const commands = [`network-status-diff-version 1\nhash ${signedSha3(base)} ${sha3(target)}\n`]
  const firstSignature = from.findIndex((line) => line.startsWith('directory-signature '))
  commands.push(`${firstSignature + 1},$d\n${firstSignature}a\n${to.slice(firstSignature).join('\n')}\n.\n`)
  for (let line = firstSignature - 1; line >= 0; line--) {
    if (from[line] !== to[line]) commands.push(`${line + 1}c\n${to[line] ?? ''}\n.\n`)
  }
  return Buffer.from(commands.join(''))
}

export function signedSha3(consensus: Buffer): string {
  return sha3(
    consensus.subarray(0, consensus.indexOf('directory-signature ') + 'directory-signature '.length),
  )
}

function sha3(bytes: Buffer): string {
  return createHash('sha3-256').update(bytes).digest('hex').toUpperCase()
}

/** A client's directory in that network. */
export interface Life {
  readonly living: LivingNetwork
  readonly network: FakeDirectory
  readonly clock: CountingClock
  readonly manager: DirectoryManager
  readonly store: MemoryStateStore
  readonly logs: LogRecord[]
  readonly evidence: ClockEvidence[]
  /** Turns the clock in steps of ten minutes, without a request under way. */
  until(condition: () => boolean, what: string, stepMs?: number): Promise<void>
  pass(ms: number): Promise<void>
  /** Turns the clock from timer to timer: what one begins has its time before the next. */
  untilByTimers(condition: () => boolean, what: string): Promise<void>
  passByTimers(ms: number): Promise<void>
}

export function relayTarget(n: number): ChannelTarget {
  return {
    ids: { rsa: parseRsaIdentity(`${n}`.padStart(40, 'B')), ed25519: undefined },
    endpoints: [{ host: '10.0.0.1', port: n }],
  }
}

export interface LifeOptions {
  readonly living?: LivingNetwork
  /** How far the client's clock is ahead of the truth. */
  readonly aheadMs?: number
  readonly guards?: readonly ChannelTarget[]
  /** Told the view that guards are picked from. */
  readonly onPick?: (view: NetDir) => void
  readonly fallbacks?: readonly ChannelTarget[]
  readonly store?: MemoryStateStore
  readonly nowMs?: number
  readonly isDormant?: boolean
}

export function createLife(options: LifeOptions = {}): Life {
  const living = options.living ?? new LivingNetwork()
  const clock = countingClock((options.nowMs ?? BEGIN_MS + HOUR_MS / 4) + (options.aheadMs ?? 0))
  const network = new FakeDirectory(living.cache(() => clock.wallMs() - (options.aheadMs ?? 0)))
  const store = options.store ?? new MemoryStateStore()
  const logs: LogRecord[] = []
  const evidence: ClockEvidence[] = []
  const deps: DirectoryManagerDeps = {
    clock,
    store,
    random: seededRandom(11),
    log: new Logger((record) => logs.push(record)),
    connector: network,
    bootstrapDirectories: () => ({
      fallbacks: options.fallbacks ?? [21, 22, 23].map(relayTarget),
      authorities: [],
    }),
    pickDirectoryRelays: (view) => {
      options.onPick?.(view)
      return options.guards ?? [11, 12, 13].map(relayTarget)
    },
    primaryGuards: () => [],
    onClockEvidence: (one) => evidence.push(one),
    isDormant: options.isDormant ?? false,
  }
  const authorities = living.authorities.map(({ identity }, index) => authorityOf(identity, index))
  const manager = new DirectoryManager({ authorities, pathsNeededToBuildCircuits: undefined }, deps)
  const isBusy = (): boolean => network.openConnections > 0
  const until = (condition: () => boolean, what: string, stepMs = HOUR_MS / 6): Promise<void> =>
    advanceUntil(clock, stepMs, condition, what, isBusy)
  const untilByTimers = (condition: () => boolean, what: string): Promise<void> =>
    advanceUntil(clock, () => clock.nextTimerMs() ?? HOUR_MS / 6, condition, what, isBusy)
  const passWith =
    (wait: typeof untilByTimers) =>
    async (ms: number): Promise<void> => {
      const untilMs = clock.monotonicMs() + ms
      await wait(() => clock.monotonicMs() >= untilMs, 'time to pass')
    }
  const [pass, passByTimers] = [passWith(until), passWith(untilByTimers)]
  return { living, network, clock, manager, store, logs, evidence, until, pass, untilByTimers, passByTimers }
}
