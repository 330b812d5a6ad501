/**
 * Asks the exit for a name's addresses, or an address's names, without connecting to it (tor-spec 6.4). Answers are
 * never kept: a cache would tell one identity what another has looked up.
 */
import { isIPv4 } from 'node:net'
import { EndReason } from '../cell/reasons.ts'
import type { RelayMessage, ResolvedAnswer } from '../cell/relay-message.ts'
import type { CircuitStream, HalfClosedAllowance } from '../circuit/circuit-stream.ts'
import type { Tunnel } from '../circuit/tunnel.ts'
import { abortable, throwIfAborted } from '../util/abort.ts'
import { createDeferred } from '../util/deferred.ts'
import { protocolViolation, TorError } from '../util/errors.ts'
import { isInternetHostName } from '../util/host-name.ts'
import { isInternalAddress } from '../util/internal-address.ts'
import type { StopSignal } from '../util/stop-signal.ts'
import { endErrorBeforeAnswer, endsTheCircuit } from './end-reasons.ts'
import { reverseNameOf } from './reverse-name.ts'

export interface AddressAnswer {
  readonly address: string
  readonly family: 'ipv4' | 'ipv6'
  readonly ttlSeconds: number
}

export interface NameAnswer {
  readonly name: string
  readonly ttlSeconds: number
}

/** What C tor's exits say whatever they know, and the most that C tor's clients ever believed. */
const MIN_TTL_SECONDS = 60
const MAX_TTL_SECONDS = 3_600

class ResolveStream implements CircuitStream {
  readonly cellsToSend = 0
  readonly answers = createDeferred<readonly ResolvedAnswer[]>()

  onData(): void {
    throw protocolViolation('DATA for a resolve stream')
  }

  onMessage(message: RelayMessage): 'open' | 'ended' {
    switch (message.kind) {
      case 'resolved':
        this.answers.resolve(message.answers)
        return 'ended'
      case 'end': {
        const error = endErrorBeforeAnswer(message, 'resolve')
        if (endsTheCircuit(message.reason)) throw error
        this.answers.reject(error)
        return 'ended'
      }
      default:
        throw protocolViolation(`unexpected ${message.kind} for a resolve stream`)
    }
  }

  packCells(): number {
    return 0
  }

  halfClosedAllowance(): HalfClosedAllowance {
    return { dataCells: 0, sendmes: 0, connected: 0, resolved: 1, xons: 0, xoffs: 0 }
  }

  onCircuitClosed(error: TorError): void {
    this.answers.reject(error)
  }
}

/**
 * Resolves with at least one address. Rejects with `resolve-failed` when the exit knows none, `bad-target` when all of
 * them are internal and `allowInternalAddresses` is false, the tunnel's error, or the signal's.
 */
export async function resolveName(
  tunnel: Tunnel,
  name: string,
  allowInternalAddresses: boolean,
  signal?: StopSignal,
): Promise<readonly AddressAnswer[]> {
  return checkAddresses(await askExit(tunnel, name, signal), allowInternalAddresses)
}

/**
 * The names of an IP address (PTR), in lower case, each once. Rejects with `resolve-failed` when the exit knows none
 * that a host on the Internet could have, the tunnel's error, or the signal's.
 */
export async function resolvePointer(
  tunnel: Tunnel,
  address: string,
  signal?: StopSignal,
): Promise<readonly NameAnswer[]> {
  return checkNames(await askExit(tunnel, reverseNameOf(address), signal))
}

async function askExit(
  tunnel: Tunnel,
  name: string,
  signal: StopSignal | undefined,
): Promise<readonly ResolvedAnswer[]> {
  throwIfAborted(signal)
  if (tunnel.hops.length < 2)
    throw new TorError('internal', 'a circuit of one hop would show who asks for what')
  const stream = new ResolveStream()
  const streamId = tunnel.addStream(stream)
  tunnel.sendMessage(streamId, { kind: 'resolve', name })
  try {
    return await abortable(stream.answers.promise, signal)
  } catch (error) {
    if (signal?.aborted === true) tunnel.endStream(streamId, EndReason.MISC)
    throw error
  }
}

/** Only what was asked for counts: a host name is no answer to a question for addresses. */
function checkAddresses(
  answers: readonly ResolvedAnswer[],
  allowInternal: boolean,
): readonly AddressAnswer[] {
  const addresses: AddressAnswer[] = []
  let hasInternal = false
  for (const answer of answers) {
    if (answer.kind !== 'address') continue
    if (!allowInternal && isInternalAddress(answer.address)) {
      hasInternal = true
      continue
    }
    const family = isIPv4(answer.address) ? 'ipv4' : 'ipv6'
    addresses.push({ address: answer.address, family, ttlSeconds: clipTtl(answer.ttlSeconds) })
  }
  if (addresses.length > 0) return addresses
  if (hasInternal) throw new TorError('bad-target', 'the exit answered with an internal address')
  throw nothingFound(answers, 'the exit could not resolve the name')
}

/** The names belong to whoever owns the address, and what he writes there goes to the application: see each. */
function checkNames(answers: readonly ResolvedAnswer[]): readonly NameAnswer[] {
  const names = new Map<string, NameAnswer>()
  for (const answer of answers) {
    if (answer.kind !== 'name') continue
    const name = answer.name.toLowerCase().replace(/\.$/, '')
    if (!isInternetHostName(name) || names.has(name)) continue
    names.set(name, { name, ttlSeconds: clipTtl(answer.ttlSeconds) })
  }
  if (names.size > 0) return [...names.values()]
  throw nothingFound(answers, 'the exit knows no name for the address')
}

function nothingFound(answers: readonly ResolvedAnswer[], text: string): TorError {
  const isTransient = answers.some((answer) => answer.kind === 'transient-error')
  return new TorError('resolve-failed', text, { retry: isTransient ? 'elsewhere' : 'never' })
}

/** An exit must not make applications remember its answer for years, or count seconds to know them again. */
function clipTtl(ttlSeconds: number): number {
  return Math.min(Math.max(ttlSeconds, MIN_TTL_SECONDS), MAX_TTL_SECONDS)
}
