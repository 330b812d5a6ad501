/** Three-hop paths that leave the network: exit first, then guard, then middle (path-spec 2.2). */
import type { GuardNetDir } from '../guard/guard-sample.ts'
import type { GuardSelector } from '../guard/guard-selector.ts'
import type { NetDir } from '../netdir/net-dir.ts'
import { RelayFlag } from '../netdoc/relay-flags.ts'
import { isTorError, TorError } from '../util/errors.ts'
import type { Random } from '../util/random.ts'
import { ChosenRelays, type PathConstraints, relayEndpoints } from './relay-constraints.ts'
import { type PickerNetDir, pickRelay } from './relay-picker.ts'

/** What path selection needs of the view of the network. */
export type PathNetDir = GuardNetDir &
  PickerNetDir &
  Pick<
    NetDir,
    'relay' | 'nickname' | 'ipv4Value' | 'isUsable' | 'inSameFamily' | 'inSameSubnet' | 'allowsExitTo'
  >

/** Three rows of the view of the network that they were picked from. */
export interface Path {
  readonly guard: number
  readonly middle: number
  /** The last relay, also where the circuit does not leave the network. */
  readonly exit: number
}

/** What the exit must serve. */
export interface ExitRequest {
  readonly hostKind: 'name' | 'ipv4' | 'ipv6'
  /** Undefined for circuits built ahead of need and for lookups of names: an exit for the web serves them. */
  readonly port: number | undefined
  /** For ports whose connections live long: only relays with the Stable flag, where there are such. */
  readonly needsStable?: boolean
  /** Exits not to take again: they failed this request before. */
  readonly isExcluded?: (index: number) => boolean
}

/** On a tiny network an exit may leave no guard or middle; another may. On a real one the first always works. */
const MAX_EXIT_TRIES = 16

/** Throws `no-path`, in words, when the view of the network has no path for this request. */
export function pickExitPath(
  netDir: PathNetDir,
  guards: GuardSelector,
  request: ExitRequest,
  constraints: PathConstraints,
  random: Random,
): Path {
  const stable = request.needsStable === true ? RelayFlag.Stable : 0
  return pickPathTo(netDir, guards, constraints, random, stable, (isAllowed) => {
    const exit = pickExit(netDir, request, stable, random, isAllowed)
    if (exit === undefined) throw noExit(netDir, request)
    return exit
  })
}

/**
 * Completes a path to a last relay. `pickLast` draws one that it is allowed to, or throws `no-path`; it is asked again
 * when no guard or middle goes with its answer. `flags` are what middle relays must have beside Fast.
 */
export function pickPathTo(
  netDir: PathNetDir,
  guards: GuardSelector,
  constraints: PathConstraints,
  random: Random,
  flags: number,
  pickLast: (isAllowed: (index: number) => boolean) => number,
): Path {
  const refused = new Set<number>()
  let failure: unknown
  while (refused.size < MAX_EXIT_TRIES) {
    let exit: number
    try {
      exit = pickLast((index) => !refused.has(index))
    } catch (error) {
      // What went wrong with a last relay that we had says more than that no other is left.
      throw failure ?? error
    }
    try {
      return completePath(netDir, guards, constraints, random, flags, exit)
    } catch (error) {
      if (!isTorError(error, 'no-path')) throw error
      failure = error
      refused.add(exit)
    }
  }
  throw failure
}

function completePath(
  netDir: PathNetDir,
  guards: GuardSelector,
  constraints: PathConstraints,
  random: Random,
  flags: number,
  exit: number,
): Path {
  const chosen = new ChosenRelays(netDir, constraints, exit)
  const guard = guards.pickGuard(netDir, {
    purpose: 'circuit',
    excludes: (index) =>
      chosen.conflictsWith(index) || relayEndpoints(netDir.relay(index), constraints).length === 0,
  })
  chosen.add(guard)
  const middle = pickPreferring([RelayFlag.Fast | flags, 0], (wanted) =>
    pickRelay(netDir, 'middle', wanted, random, (index) => !chosen.conflictsWith(index)),
  )
  if (middle === undefined) {
    throw new TorError('no-path', 'no relay can stand between this guard and this exit', { retry: 'later' })
  }
  return { guard, middle, exit }
}

/** An exit by weight: with the Exit flag if one serves the request, fast and stable before others. */
function pickExit(
  netDir: PathNetDir,
  request: ExitRequest,
  stable: number,
  random: Random,
  isAllowed: (index: number) => boolean,
): number | undefined {
  const tiers = [RelayFlag.Exit | RelayFlag.Fast | stable, RelayFlag.Exit, RelayFlag.Fast, 0]
  const { isExcluded = () => false } = request
  for (const serves of exitTests(netDir, request)) {
    const exit = pickPreferring(tiers, (flags) =>
      pickRelay(
        netDir,
        'exit',
        flags,
        random,
        (index) => serves(index) && isAllowed(index) && !isExcluded(index),
      ),
    )
    if (exit !== undefined) return exit
  }
  return undefined
}

/** What an exit must allow, the best first. A name may turn out to be of either family; exits all have IPv4. */
function exitTests(netDir: PathNetDir, request: ExitRequest): ((index: number) => boolean)[] {
  const family = request.hostKind === 'ipv6' ? 'ipv6' : 'ipv4'
  const { port } = request
  if (port !== undefined) return [(index) => netDir.allowsExitTo(index, port, family)]
  const allowsHttp = (index: number): boolean => netDir.allowsExitTo(index, 80, family)
  const allowsHttps = (index: number): boolean => netDir.allowsExitTo(index, 443, family)
  return [(index) => allowsHttp(index) && allowsHttps(index), allowsHttps, allowsHttp]
}

/** The first answer over ever lower demands. */
function pickPreferring(
  tiers: readonly number[],
  pick: (flags: number) => number | undefined,
): number | undefined {
  for (const flags of tiers) {
    const index = pick(flags)
    if (index !== undefined) return index
  }
  return undefined
}

function noExit(netDir: PathNetDir, request: ExitRequest): TorError {
  let exits = 0
  for (let index = 0; index < netDir.relayCount; index++) exits += Number(netDir.isUsableAs(index, 'exit'))
  if (exits === 0) return new TorError('no-path', 'no usable exit relay is known', { retry: 'later' })
  const over = request.hostKind === 'ipv6' ? ' over IPv6' : ''
  const what = request.port === undefined ? 'web connections' : 'connections to this port'
  return new TorError('no-path', `none of the ${exits} exit relays allows ${what}${over}`, { retry: 'later' })
}
