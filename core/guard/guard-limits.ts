/** The numbers of guard-spec A.1: the user's where there are such, and otherwise the consensus's. */
import { TorError } from '../util/errors.ts'
import type { GuardNetDir } from './guard-sample.ts'

const SECOND_MS = 1_000
const DAY_MS = 86_400_000

/** What a user may set; undefined leaves it to the consensus. */
export interface GuardOptions {
  /** False draws a new first relay for each circuit. */
  readonly useEntryGuards: boolean
  readonly numPrimaryGuards: number | undefined
  readonly numEntryGuards: number | undefined
  readonly numDirectoryGuards: number | undefined
  readonly guardLifetimeMs: number | undefined
}

export const DEFAULT_GUARD_OPTIONS: GuardOptions = {
  useEntryGuards: true,
  numPrimaryGuards: undefined,
  numEntryGuards: undefined,
  numDirectoryGuards: undefined,
  guardLifetimeMs: undefined,
}

/** Throws `bad-config`, in words, for numbers that cannot all hold. */
export function checkGuardOptions(options: GuardOptions): void {
  const { numPrimaryGuards, numEntryGuards, numDirectoryGuards, guardLifetimeMs } = options
  const used = Math.max(numEntryGuards ?? 0, numDirectoryGuards ?? 0)
  if (numPrimaryGuards !== undefined && used > numPrimaryGuards) {
    throw new TorError(
      'bad-config',
      `${used} guards are to be used (NumEntryGuards, NumDirectoryGuards), but only ${numPrimaryGuards} kept for use (NumPrimaryGuards)`,
    )
  }
  if (used > MAX_STORED_GUARDS || (numPrimaryGuards ?? 0) > MAX_STORED_GUARDS) {
    throw new TorError('bad-config', `at most ${MAX_STORED_GUARDS} guards can be kept`)
  }
  if (guardLifetimeMs !== undefined && guardLifetimeMs < DAY_MS) {
    throw new TorError('bad-config', 'guards live for at least a day (GuardLifetime)')
  }
}

export interface GuardLimits {
  readonly primaryGuards: number
  /** How many of the primary guards are used at a time, for circuits and for directory requests. */
  readonly usedGuards: Readonly<Record<'circuit' | 'directory', number>>
  /** How long a guard may stay in the sample without having been used. */
  readonly lifetimeMs: number
  /** How long a guard is used from its first use on. */
  readonly confirmedLifetimeMs: number
  readonly unlistedLifetimeMs: number
  readonly minFilteredGuards: number
  readonly maxSampledGuards: number
  /** Of all the guards there are, by number and by bandwidth (0..1). */
  readonly maxSampledShare: number
  /** Without an answer from any relay for so long, the fault is likely the network's. */
  readonly internetLikelyDownMs: number
  /** How long an attempt to connect to a better guard holds back circuits through a worse one. */
  readonly connectTimeoutMs: number
  /** How long a circuit waits for a better guard before it is given up. */
  readonly idleTimeoutMs: number
}

/** More than any consensus asks for; a longer list in a file is not of our making. */
export const MAX_STORED_GUARDS = 200

export function guardLimits({ params }: Pick<GuardNetDir, 'params'>, options: GuardOptions): GuardLimits {
  const circuit = options.numEntryGuards ?? params.get('guard-n-primary-guards-to-use')
  const directory = options.numDirectoryGuards ?? params.get('guard-n-primary-dir-guards-to-use')
  const wanted = Math.max(
    params.get('guard-n-primary-guards'),
    options.numEntryGuards ?? 0,
    options.numDirectoryGuards ?? 0,
  )
  const primaryGuards = Math.min(options.numPrimaryGuards ?? wanted, MAX_STORED_GUARDS)
  return {
    primaryGuards,
    usedGuards: {
      circuit: Math.min(circuit, primaryGuards),
      directory: Math.min(directory, primaryGuards),
    },
    lifetimeMs: options.guardLifetimeMs ?? params.get('guard-lifetime-days') * DAY_MS,
    confirmedLifetimeMs: options.guardLifetimeMs ?? params.get('guard-confirmed-min-lifetime-days') * DAY_MS,
    unlistedLifetimeMs: params.get('guard-remove-unlisted-guards-after-days') * DAY_MS,
    minFilteredGuards: Math.min(params.get('guard-min-filtered-sample-size'), MAX_STORED_GUARDS),
    maxSampledGuards: Math.min(params.get('guard-max-sample-size'), MAX_STORED_GUARDS),
    maxSampledShare: params.get('guard-max-sample-threshold-percent') / 100,
    internetLikelyDownMs: params.get('guard-internet-likely-down-interval') * SECOND_MS,
    connectTimeoutMs: params.get('guard-nonprimary-guard-connect-timeout') * SECOND_MS,
    idleTimeoutMs: params.get('guard-nonprimary-guard-idle-timeout') * SECOND_MS,
  }
}
