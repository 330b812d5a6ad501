/** Session, connection and way finder as the app joins them, on a core that reaches what a censor lets it reach. */
import { isDeepStrictEqual } from 'node:util'
import { AppError } from '../../../../electron/app-error.ts'
import { BridgeLibrary } from '../../../../electron/bridges/bridge-library.ts'
import { EMPTY_LIBRARY } from '../../../../electron/bridges/library-document.ts'
import { Connection } from '../../../../electron/connection/connection.ts'
import { COUNTRY_MAP, mappedSettings } from '../../../../electron/escalation/country-map.ts'
import { HelpDesk } from '../../../../electron/escalation/help-desk.ts'
import { NetworkMemory } from '../../../../electron/escalation/network-memory.ts'
import type { WorkedWay } from '../../../../electron/escalation/plan.ts'
import { WayFinder } from '../../../../electron/escalation/way-finder.ts'
import type { HelpArgument, HelpReply } from '../../../../electron/host/help-protocol.ts'
import type { HostConfig, HostStatus } from '../../../../electron/host/protocol.ts'
import { DEFAULT_SETTINGS, type Settings } from '../../../../electron/ipc/settings.ts'
import type { HelpPath, WayFindingView } from '../../../../electron/ipc/snapshot-ways.ts'
import type { CoreState } from '../../../../electron/parts.ts'
import { hostConfigOf } from '../../../../electron/session/host-config.ts'
import { Session } from '../../../../electron/session/session.ts'
import { manualClock } from '../../../support/manual-clock.ts'
import { hostStatus } from '../host/fake-host.ts'

const CERT = 'ssH+9rP8dG2NLDN2XuFw63hIO/9MNNinLmxQDpVa+7kTOa9/m+tGWT1SmSYpQ9uTBGa6Hw'

/** Of the rig's network. */
export const NETWORK = 'f'.repeat(32)
/** At which the rig's clock begins. */
const START_WALL_MS = 1_790_000_000_000

export const OBFS4 = [1, 2].map((n) => `obfs4 192.0.2.${n}:443 ${'A'.repeat(40)} cert=${CERT} iat-mode=0`)
export const SNOWFLAKE = [`snowflake 192.0.2.3:80 ${'B'.repeat(40)} url=https://broker.example/`]
export const MEEK = ['meek_lite 192.0.2.20:80 url=https://front.example/']
export const OWN = `192.0.2.9:443 ${'C'.repeat(40)}`
export const REQUESTED = `webtunnel 192.0.2.30:443 ${'D'.repeat(40)} url=https://bridge.example/path`
export const TRANSPORTS = ['obfs4', 'webtunnel', 'snowflake', 'meek_lite']
export const BUILT_IN: Readonly<Record<string, readonly string[]>> = {
  obfs4: OBFS4,
  snowflake: SNOWFLAKE,
  meek: MEEK,
}

/** What becomes of dialling: `bridgeLines` as the core has them. */
export type Fate =
  | 'works'
  | 'refused'
  | 'silent'
  /** A large document is on its way, and nothing of it is counted. */
  | 'loads'
  /** Relays answer, and what is asked of them never comes whole. */
  | 'cut-off'
  | 'no-network'
  | 'wrong-clock'

export interface Dialled {
  readonly atMs: number
  readonly lines: readonly string[] | undefined
}

export interface RigOptions {
  readonly settings?: Partial<Settings>
  readonly own?: readonly string[]
  readonly builtIn?: Readonly<Record<string, readonly string[]>>
  readonly fate: (lines: readonly string[] | undefined) => Fate
  readonly help?: (argument: HelpArgument) => Promise<HelpReply>
  readonly memory?: NetworkMemory
  readonly network?: () => string
}

/** Of a network whose direct way had failed a while ago. */
export function workedInstead(lines: readonly string[], agoMs = 0): WorkedWay {
  return { lines, workedMs: START_WALL_MS - agoMs, hasDirectFailed: true }
}

export async function openMemory(): Promise<NetworkMemory> {
  let text: string | undefined
  return NetworkMemory.open({
    read: async () => text,
    write: async (next) => {
      text = next
    },
  })
}

export async function wayRig(options: RigOptions) {
  const { own = [], builtIn = BUILT_IN, network = () => NETWORK } = options
  const clock = manualClock()
  const memory = options.memory ?? (await openMemory())
  const settings: Settings = { ...DEFAULT_SETTINGS, entry: 'direct', ...options.settings }
  const box = {
    settings,
    fate: options.fate,
    core: { kind: 'stopped' } as CoreState,
    /** Why no core starts, if so. */
    refusal: undefined as Error | undefined,
    config: undefined as HostConfig | undefined,
    /** What the core has told last: what has not changed since it does not tell again. */
    told: undefined as HostStatus | undefined,
    view: undefined as WayFindingView | undefined,
  }
  /** Every time that the core began to dial something; never what dials nothing. */
  const dialled: Dialled[] = []
  const notes: string[] = []
  const follow = (config: HostConfig): void => {
    box.config = config
    box.told = undefined
    if (config.bridgeLines?.length !== 0) {
      dialled.push({ atMs: clock.monotonicMs(), lines: config.bridgeLines })
    }
  }
  const setCore = (state: CoreState): void => {
    box.core = state
    connection.handle({ kind: 'core', state })
  }
  let cancelPath = (): void => undefined
  const help = new HelpDesk({
    clock,
    log: () => undefined,
    publish: () => finder.refresh(),
    paths: (): readonly HelpPath[] => (options.help === undefined ? [] : ['front']),
    askPath: (argument) => {
      const cancelled = new Promise<never>((_, reject) => {
        cancelPath = () => reject(new AppError('aborted', 'asking was stopped'))
      })
      const asked = options.help?.(argument) ?? Promise.reject(new Error('nobody'))
      return Promise.race([asked, cancelled])
    },
    cancelPath: async () => cancelPath(),
    allowsInternalAddresses: false,
    transports: TRANSPORTS,
    builtIn: (transport) => builtIn[transport] ?? [],
  })
  const settingsPart = {
    get current() {
      return box.settings
    },
    change: async (change: object) => {
      box.settings = { ...box.settings, ...change }
      session.onChange()
    },
  }
  const bridges = await BridgeLibrary.open({
    store: {
      trouble: undefined,
      load: async () => ({ ...EMPTY_LIBRARY, added: [...own] }),
      save: async () => undefined,
    },
    publish: () => undefined,
    log: () => undefined,
    transports: TRANSPORTS,
    builtIn: (transport) => builtIn[transport] ?? [],
    readQrFromScreen: async () => null,
  })
  bridges.watch((dropped) => {
    finder.drop(dropped)
    session.onChange()
  })
  const finder: WayFinder = new WayFinder({
    clock,
    log: (_, text) => notes.push(text),
    publish: (view) => {
      box.view = view
    },
    settings: settingsPart,
    bridges,
    bridgeViews: () => bridges.view.bridges,
    builtIn: (transport) => builtIn[transport] ?? [],
    transports: TRANSPORTS,
    memory,
    networkId: network,
    countries: { settingsOf: mappedSettings, map: COUNTRY_MAP },
    country: () =>
      box.settings.country === null
        ? { code: undefined, source: 'unknown' }
        : { code: box.settings.country, source: 'chosen' },
    help,
    onSwitch: (ending, hold) => session.takeWay(ending, hold),
  })
  const connection = new Connection({
    clock,
    hasConnectedBefore: true,
    publish: () => undefined,
    onNotice: () => undefined,
    onStep: (model) => finder.look(model),
  })
  const session: Session = new Session({
    core: {
      get state() {
        return box.core
      },
      start: async (config) => {
        setCore({ kind: 'starting' })
        if (box.refusal !== undefined) {
          setCore({ kind: 'stopped' })
          throw box.refusal
        }
        follow(config)
        setCore({ kind: 'running' })
      },
      stop: async () => setCore({ kind: 'stopped' }),
      reconfigure: async (config) => follow(config),
    },
    connection,
    systemProxy: { apply: async () => undefined, restore: async () => undefined },
    settings: () => box.settings,
    config: () =>
      hostConfigOf(box.settings, finder.bridgeLines, { dataDirectory: '/nowhere', networkLines: [] }),
    way: () => finder.way,
    ways: finder,
    log: () => undefined,
  })
  /** Lets seconds go by, in which the core says how it fares. */
  const pass = async (seconds: number): Promise<void> => {
    for (let second = 0; second < seconds; second++) {
      await new Promise((resolve) => setImmediate(resolve))
      clock.advance(1_000)
      const { config } = box
      if (box.core.kind !== 'running' || config === undefined || session.isSwitching) continue
      const status = statusOf(box.fate, config)
      if (isDeepStrictEqual(status, box.told)) continue
      box.told = status
      connection.handle({ kind: 'status', status })
    }
    await new Promise((resolve) => setImmediate(resolve))
  }
  const until = async (isSo: () => boolean, seconds = 3_000): Promise<void> => {
    for (let second = 0; !isSo(); second++) {
      if (second >= seconds) throw new Error('it did not come about')
      await pass(1)
    }
  }
  return { box, bridges, clock, connection, dialled, finder, help, memory, notes, pass, session, until }
}

function statusOf(fate: RigOptions['fate'], { bridgeLines }: HostConfig): HostStatus {
  const idle = hostStatus({ phase: 'conn', isConnected: false, network: 'unknown' })
  if (bridgeLines?.length === 0) return idle
  const blockage = { kind: 'channel-failed', detail: 'it failed', failures: 4, sinceMs: 0 }
  switch (fate(bridgeLines)) {
    case 'works':
      return hostStatus({ phase: 'done', isConnected: true, network: 'up', verifiedMs: 1 })
    case 'refused':
      return { ...idle, network: 'blocked', blockage: { ...blockage, cause: 'blocked' } }
    case 'silent':
      return idle
    case 'loads':
      return { ...idle, phase: 'loading-status', network: 'up' }
    case 'cut-off':
      return { ...idle, phase: 'loading-status', network: 'up', blockage: { ...blockage, cause: undefined } }
    case 'no-network':
      return { ...idle, network: 'down', blockage: { ...blockage, cause: 'no-network' } }
    case 'wrong-clock':
      return { ...idle, clockAheadMs: 9e7, blockage: { ...blockage, cause: 'clock-skew' } }
  }
}
