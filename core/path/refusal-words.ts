/** Says why there is no relay for a position: which option left too few, how many relays it means, what would help. */
import { type GuardNetDir, isListedGuard } from '../guard/guard-sample.ts'
import type { NetDir } from '../netdir/net-dir.ts'
import type { NodeSet } from '../netdir/node-set.ts'
import { TorError } from '../util/errors.ts'
import type { ExitRequest } from './exit-request.ts'
import type { NodeChoices } from './node-choices.ts'
import type { NodeRules } from './node-rules.ts'
import type { PathConstraints } from './relay-constraints.ts'

type ExitNetDir = Pick<NetDir, 'relayCount' | 'indexOf' | 'isUsableAs'>

/** No exit does what the request and the user's rules demand, though a directory is there. */
export class NoExit extends TorError {
  constructor(words: string) {
    super('no-path', words, { retry: 'later' })
  }
}

export function noPath(words: string): TorError {
  return new TorError('no-path', words, { retry: 'later' })
}

/** Why no exit serves the request; `serves` tells of those whose policy does. */
export function noExit(
  netDir: ExitNetDir,
  rules: NodeRules,
  { nodes }: PathConstraints,
  request: ExitRequest,
  serves: (index: number) => boolean,
): TorError {
  if (request.exit !== undefined) return noChosenExit(netDir, rules, request, serves)
  const exits = rowsWhere(netDir, (row) => netDir.isUsableAs(row, 'exit'))
  if (exits.length === 0) return new NoExit('no usable exit relay is known')
  const what = wanted(request)
  const serving = exits.filter(serves)
  if (request.exitCountry !== undefined) return noExitIn(request.exitCountry, what, exits, serving, rules)
  if (serving.length === 0) return new NoExit(`none of the ${exits.length} exit relays allows ${what}`)
  if (serving.some((row) => rules.permits('exit', row))) {
    return new NoExit(`no exit relay that allows ${what} is left to try`)
  }
  if (!nodes.exitNodes.isEmpty) {
    return new NoExit(
      noneOf('ExitNodes', nodes.exitNodes, rules, `an exit that is not excluded and allows ${what}`),
    )
  }
  const excluding = excludingOptions(nodes, 'exit')
  return new NoExit(
    `${excluding} leaves none of the ${serving.length} exit relays that allow ${what}: exclude fewer`,
  )
}

function noExitIn(
  country: string,
  what: string,
  exits: readonly number[],
  serving: readonly number[],
  rules: NodeRules,
): TorError {
  const permitted = rules.exitsIn(country)
  const isThere = (row: number): boolean => permitted[row] === 1
  if (!exits.some(isThere)) return new NoExit(`no exit relay in ${country} is known that the options permit`)
  if (!serving.some(isThere)) return new NoExit(`no exit relay in ${country} allows ${what}`)
  return new NoExit(`no exit relay in ${country} that allows ${what} is left to try`)
}

function noChosenExit(
  netDir: ExitNetDir,
  rules: NodeRules,
  request: ExitRequest,
  serves: (index: number) => boolean,
): TorError {
  const row = request.exit === undefined ? undefined : netDir.indexOf(request.exit)
  if (row === undefined) return new NoExit('the chosen exit relay is not in the network now')
  if (!netDir.isUsableAs(row, 'exit')) return new NoExit('the chosen relay is no usable exit now')
  if (!rules.permits('exit', row))
    return new NoExit('the chosen exit relay is not one that the options permit')
  if (request.exitCountry !== undefined && rules.exitsIn(request.exitCountry)[row] !== 1) {
    return new NoExit(`the chosen exit relay is not in ${request.exitCountry}`)
  }
  if (!serves(row)) return new NoExit(`the chosen exit relay does not allow ${wanted(request)}`)
  return new NoExit('the chosen exit relay cannot be used for this request again')
}

function wanted({ hostKind, port }: ExitRequest): string {
  const over = hostKind === 'ipv6' ? ' over IPv6' : ''
  return (port === undefined ? 'web connections' : 'connections to this port') + over
}

/** Why no relay is left for the middle. */
export function noMiddle(rules: NodeRules, { nodes }: PathConstraints): TorError {
  const place = 'stand between this guard and this exit'
  if (!nodes.middleNodes.isEmpty) {
    return noPath(noneOf('MiddleNodes', nodes.middleNodes, rules, `able to ${place}`))
  }
  const excluding = excludingOptions(nodes, 'middle')
  if (excluding === '') return noPath(`no relay can ${place}`)
  return noPath(`no relay that ${excluding} leaves can ${place}`)
}

/** Why the options leave no guard at all; undefined when they leave some. Walks over the whole view. */
export function whyNoGuard(
  netDir: GuardNetDir,
  rules: NodeRules,
  { nodes, ...constraints }: PathConstraints,
): string | undefined {
  const permitted = rules.permitted('guard')
  if (permitted === undefined) return undefined
  const guards = rowsWhere(netDir, (row) => isListedGuard(netDir, row))
  if (guards.length === 0 || guards.some((row) => permitted[row] === 1)) return undefined
  if (!nodes.entryNodes.isEmpty) {
    return noneOf('EntryNodes', nodes.entryNodes, rules, 'a guard that can be used')
  }
  const causes = [
    excludingOptions(nodes, 'guard'),
    constraints.reachableAddresses === undefined ? '' : 'what the firewall lets through',
    constraints.useIpv4 ? '' : 'the refusal of IPv4',
  ].filter((cause) => cause !== '')
  return `none of the ${guards.length} guards is left by ${causes.join(' and ')}`
}

function noneOf(option: string, set: NodeSet, rules: NodeRules, role: string): string {
  const count = rules.count(set)
  if (count === 0) return `${option} names no relay of the network: name others or remove ${option}`
  const relays = count === 1 ? 'one relay, which is not' : `${count} relays, none of which is`
  return `${option} names ${relays} ${role}: name others or remove ${option}`
}

/** The options that exclude from a position. */
function excludingOptions(nodes: NodeChoices, position: 'guard' | 'middle' | 'exit'): string {
  const isExit = position === 'exit'
  const options = [
    nodes.excludeNodes.isEmpty ? '' : 'ExcludeNodes',
    isExit && !nodes.excludeExitNodes.isEmpty ? 'ExcludeExitNodes' : '',
    nodes.excludeUnknownCountries === true ? 'GeoIPExcludeUnknown' : '',
  ]
  return options.filter((option) => option !== '').join(' with ')
}

function rowsWhere({ relayCount }: Pick<NetDir, 'relayCount'>, isMeant: (row: number) => boolean): number[] {
  return Array.from({ length: relayCount }, (_, row) => row).filter(isMeant)
}
