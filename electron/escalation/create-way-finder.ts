/** Puts the way finder together with what it stands on. */
import { type MoatService, TRANSPORT_NAMES } from '../../core/index.ts'
import type { Clock } from '../clock.ts'
import type { HostProcess } from '../host/host-run.ts'
import type { HelpPath, WayFindingView } from '../ipc/snapshot-ways.ts'
import type { FreshLists } from '../lists/fresh-lists.ts'
import type { AppLog, CorePart } from '../parts.ts'
import { guessCountry } from './country-guess.ts'
import { HelpDesk } from './help-desk.ts'
import { HelpHost } from './help-host.ts'
import { identifyNetwork, SYSTEM_SIGNS } from './network-identity.ts'
import type { NetworkMemory } from './network-memory.ts'
import { WayFinder, type WayFinderDeps } from './way-finder.ts'

/** What is outside of the app and differs on a network of one's own. */
export interface WaySurroundings {
  /** The lines of a transport, as people call it. */
  readonly builtIn: (transport: string) => readonly string[]
  /** Undefined: there is none to ask. */
  readonly service: MoatService | undefined
  /** The service's bridges are then on this computer. */
  readonly allowsInternalAddresses: boolean
  /** What this computer is set to. */
  readonly timeZone: string
  readonly locale: string
}

export interface CreateWayFinderParts
  extends Pick<WayFinderDeps, 'settings' | 'bridges' | 'bridgeViews' | 'onSwitch'> {
  readonly clock: Clock
  readonly log: AppLog
  readonly publish: (view: WayFindingView) => void
  readonly memory: NetworkMemory
  readonly lists: FreshLists
  readonly surroundings: WaySurroundings
  readonly core: Pick<CorePart, 'call'>
  readonly isConnected: () => boolean
  readonly spawnHost: () => HostProcess
}

export function createWayFinder(parts: CreateWayFinderParts): WayFinder {
  const { clock, log, memory, lists, surroundings, settings, spawnHost, core, isConnected } = parts
  const { service } = surroundings
  const builtIn = (transport: string): readonly string[] =>
    lists.linesOf(transport, surroundings.builtIn(transport))
  const host =
    service === undefined
      ? undefined
      : new HelpHost({ clock, spawn: spawnHost, core, settings: () => settings.current, service })
  const help = new HelpDesk({
    clock,
    log,
    publish: () => finder.refresh(),
    paths: () => helpPaths(service, isConnected()),
    askPath: (argument) => host?.ask(argument) ?? Promise.reject(new Error('there is nobody to ask')),
    cancelPath: async () => host?.cancel(),
    allowsInternalAddresses: surroundings.allowsInternalAddresses,
    transports: TRANSPORT_NAMES,
    builtIn,
  })
  const finder: WayFinder = new WayFinder({
    ...parts,
    builtIn,
    countries: lists,
    help,
    transports: TRANSPORT_NAMES,
    networkId: () => identifyNetwork(SYSTEM_SIGNS, memory.secret),
    country: () => guessCountry(settings.current.country, surroundings),
  })
  return finder
}

/** Through Tor where there is a way: nobody learns of the question then. Otherwise the fronts that there are. */
function helpPaths(service: MoatService | undefined, isConnected: boolean): readonly HelpPath[] {
  if (service === undefined) return []
  const hasMeek = TRANSPORT_NAMES.includes('meek_lite')
  const fronts = (['front', 'older-front', 'other-front'] as const).filter((front) =>
    service.fronts[front].some((line) => hasMeek || !line.startsWith('meek_lite')),
  )
  return isConnected ? ['tor', ...fronts] : fronts
}
