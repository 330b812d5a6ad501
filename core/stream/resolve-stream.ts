/** Asks the exit for a name's addresses without connecting to it (tor-spec 6.4). */
import { isIPv4 } from 'node:net'
import { EndReason } from '../cell/reasons.ts'
import type { RelayMessage, ResolvedAnswer } from '../cell/relay-message.ts'
import type { Circuit } from '../circuit/circuit.ts'
import type { CircuitStream, HalfClosedAllowance } from '../circuit/circuit-stream.ts'
import { abortable, throwIfAborted } from '../util/abort.ts'
import { createDeferred } from '../util/deferred.ts'
import { protocolViolation, TorError } from '../util/errors.ts'
import { isInternalAddress } from '../util/internal-address.ts'
import { endErrorBeforeAnswer, endsTheCircuit } from './end-reasons.ts'

export interface AddressAnswer {
  readonly address: string
  readonly family: 'ipv4' | 'ipv6'
  readonly ttlSeconds: number
}

class ResolveStream implements CircuitStream {
  readonly hasCellsToSend = false
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
    return { dataCells: 0, sendmes: 0, connected: 0, resolved: 1 }
  }

  onCircuitClosed(error: TorError): void {
    this.answers.reject(error)
  }
}

/**
 * Resolves with at least one address. Rejects with `resolve-failed` when the exit knows none, `bad-target` when all of
 * them are internal and `allowInternalAddresses` is false, the circuit's error, or the signal's.
 */
export async function resolveName(
  circuit: Circuit,
  name: string,
  allowInternalAddresses: boolean,
  signal?: AbortSignal,
): Promise<readonly AddressAnswer[]> {
  throwIfAborted(signal)
  if (circuit.hops.length < 2)
    throw new TorError('internal', 'a circuit of one hop would show who asks for what')
  const stream = new ResolveStream()
  const streamId = circuit.addStream(stream)
  circuit.sendMessage(streamId, { kind: 'resolve', name })
  let answers: readonly ResolvedAnswer[]
  try {
    answers = await abortable(stream.answers.promise, signal)
  } catch (error) {
    if (signal?.aborted === true) circuit.endStream(streamId, EndReason.MISC)
    throw error
  }
  return checkAnswers(answers, allowInternalAddresses)
}

function checkAnswers(answers: readonly ResolvedAnswer[], allowInternal: boolean): readonly AddressAnswer[] {
  const addresses: AddressAnswer[] = []
  let hasInternal = false
  for (const answer of answers) {
    if (answer.kind !== 'address') continue
    if (!allowInternal && isInternalAddress(answer.address)) {
      hasInternal = true
      continue
    }
    const family = isIPv4(answer.address) ? 'ipv4' : 'ipv6'
    addresses.push({ address: answer.address, family, ttlSeconds: answer.ttlSeconds })
  }
  if (addresses.length > 0) return addresses
  if (hasInternal) throw new TorError('bad-target', 'the exit answered with an internal address')
  const isTransient = answers.some((answer) => answer.kind === 'transient-error')
  throw new TorError('resolve-failed', 'the exit could not resolve the name', {
    retry: isTransient ? 'elsewhere' : 'never',
  })
}
