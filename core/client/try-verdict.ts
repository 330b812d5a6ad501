/**
 * What one exit's failure to open a stream or to resolve a name means: for the request, for the circuit, for the exit
 * (tor-spec 6.3). Pure.
 */
import { isIPv4 } from 'node:net'
import { EndReason } from '../cell/reasons.ts'
import { StreamEndError } from '../stream/end-reasons.ts'
import { type ErrorKind, TorError } from '../util/errors.ts'
import { isInternalAddress } from '../util/internal-address.ts'

export interface TryVerdict {
  /**
   * - `give-up`: the answer would be the same elsewhere, or the destination may have acted on what was sent.
   * - `elsewhere`: another exit may do better; few exits are asked for one address.
   * - `elsewhere-freely`: this says nothing of the address, and only the request's time and tries bound it.
   */
  readonly next: 'give-up' | 'elsewhere' | 'elsewhere-freely'
  /** `retire`: no new streams on it. `lost`: it ended, and that was no answer of the exit's. */
  readonly circuit: 'keep' | 'retire' | 'lost'
  /** What is known of the exit from now on, for other streams of the same identity or for all. */
  readonly exit: 'fine' | 'refuses-target' | 'refuses-all'
  /** What the application is told when this was the last try. */
  readonly error: TorError
}

/** What the request allows an exit to answer. */
export interface AnswerLimits {
  readonly allowsIpv4: boolean
  readonly allowsIpv6: boolean
  readonly allowsInternalAddresses: boolean
}

/**
 * How a circuit ends when a relay or a link of it is gone. Cells that nothing explains end it too, and so do some words of
 * an exit: whoever said them has had its chance.
 */
const LOSSES: ReadonlySet<ErrorKind> = new Set(['circuit-failed', 'channel-failed'] satisfies ErrorKind[])

/** `isCircuitOpen` after the failure: what closed the circuit says nothing of the destination. */
export function judgeFailedTry(error: TorError, isCircuitOpen: boolean, limits: AnswerLimits): TryVerdict {
  const isLost = !isCircuitOpen && LOSSES.has(error.kind) && !(error instanceof StreamEndError)
  if (isLost) return { next: 'elsewhere-freely', circuit: 'lost', exit: 'fine', error }
  if (!isCircuitOpen) return { next: 'elsewhere', circuit: 'retire', exit: 'fine', error }
  if (error instanceof StreamEndError) return judgeEnd(error, limits)
  if (error.kind === 'timeout') return { next: 'elsewhere-freely', circuit: 'retire', exit: 'fine', error }
  const next = error.retry === 'elsewhere' ? 'elsewhere' : 'give-up'
  return { next, circuit: next === 'give-up' ? 'keep' : 'retire', exit: 'fine', error }
}

function judgeEnd(error: StreamEndError, limits: AnswerLimits): TryVerdict {
  if (error.retry !== 'elsewhere') return { next: 'give-up', circuit: 'keep', exit: 'fine', error }
  switch (error.reason) {
    case EndReason.EXITPOLICY:
      return judgeExitPolicy(error, limits)
    case EndReason.HIBERNATING:
    case EndReason.RESOURCELIMIT:
      return { next: 'elsewhere-freely', circuit: 'retire', exit: 'refuses-all', error }
    default:
      return { next: 'elsewhere', circuit: 'retire', exit: 'fine', error }
  }
}

/**
 * An address that comes with EXITPOLICY is what the name resolved to. It must be one that could have been connected
 * to: an exit that names an internal one, or one of a family that was not asked for, is not asked again and neither
 * is any other (as C tor does). Without an address, the exit refuses what its own published policy allows.
 */
function judgeExitPolicy(error: StreamEndError, limits: AnswerLimits): TryVerdict {
  const { refusedAddress } = error
  if (refusedAddress === undefined) {
    return { next: 'elsewhere-freely', circuit: 'retire', exit: 'refuses-all', error }
  }
  const isAllowed = isIPv4(refusedAddress) ? limits.allowsIpv4 : limits.allowsIpv6
  const isBelievable = limits.allowsInternalAddresses || !isInternalAddress(refusedAddress)
  if (isAllowed && isBelievable)
    return { next: 'elsewhere-freely', circuit: 'keep', exit: 'refuses-target', error }
  const refusal = new TorError('bad-target', 'the exit refused an address that was not to be connected to')
  return { next: 'give-up', circuit: 'retire', exit: 'fine', error: refusal }
}
