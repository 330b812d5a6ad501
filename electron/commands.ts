/** What each command of the contract does: one line of delegation each, so that this table can be read as a whole. */
import { toTorError } from '../core/index.ts'
import { AppError, CoreError } from './app-error.ts'
import type { CommandHandlers } from './ipc/contract.ts'
import type {
  BridgeFilesPart,
  BridgesPart,
  DoctorPart,
  CorePart,
  ListsPart,
  LogPart,
  ProtectionPart,
  SettingsPart,
  WaysPart,
} from './parts.ts'
import type { Session } from './session/session.ts'
import type { AppState } from './state/app-state.ts'

export interface CommandDeps {
  readonly state: Pick<AppState, 'read' | 'current'>
  readonly session: Pick<Session, 'start' | 'stop' | 'applyProxy' | 'reapplyProxy'>
  readonly core: Pick<CorePart, 'call'>
  readonly settings: Pick<SettingsPart, 'change'>
  readonly bridges: BridgesPart
  readonly ways: WaysPart
  readonly lists: ListsPart
  readonly bridgeFiles: BridgeFilesPart
  readonly protection: ProtectionPart
  readonly doctor: DoctorPart
  readonly logs: Pick<LogPart, 'readAfter' | 'supportText'>
  /** Does nothing to a file that can be read. Rejects with a `TorError`. */
  readonly setRulesAside: () => Promise<void>
  readonly writeClipboard: (text: string) => Promise<void>
  /** Begins to quit; resolves at once, for the answer must still arrive. */
  readonly quit: () => void
}

export function createCommandHandlers(deps: CommandDeps): CommandHandlers {
  const { state, session, core, settings, bridges, ways } = deps
  return {
    'snapshot.read': async () => state.read(),

    'connection.start': async () => session.start(),
    'connection.stop': () => session.stop(),
    'entry.choose': (entry) => settings.change({ entry }),

    'circuit.close': (id) => core.call('circuit.close', id),
    'site.new-circuit': (site) => core.call('site.new-circuit', site),
    'site.set-policy': (policy) => core.call('site.set-policy', policy),
    'site.forget': (site) => core.call('site.forget', site),
    'site-rules.set-aside': () => startWithoutRules(deps),
    'exit-countries.list': () => core.call('exit-countries.list', undefined),
    'identity.new': () => core.call('identity.new', undefined),

    'bridges.check': (text) => bridges.check(text),
    'bridges.add': (text) => bridges.add(text),
    'bridges.remove': (ids) => bridges.remove(ids),
    'bridges.enable': ({ ids, isEnabled }) => bridges.enable(ids, isEnabled),
    'bridges.choose-built-in': (transport) => bridges.chooseBuiltIn(transport),
    'bridges.read-qr-from-screen': () => bridges.readQrFromScreen(),
    'bridges.save-file': ({ ids, passphrase }) => deps.bridgeFiles.save(ids, passphrase),
    'bridges.open-file': () => deps.bridgeFiles.open(),
    'bridges.unlock-file': (passphrase) => deps.bridgeFiles.unlock(passphrase),

    'ways.skip': () => ways.skip(),
    'ways.keep': () => ways.keep(),
    'ways.undo': () => ways.undo(),
    'ways.forget-networks': () => ways.forgetNetworks(),
    'help.ask': ({ country }) => ways.ask(country),
    'help.cancel': () => ways.cancelAsking(),
    'lists.refresh': () => deps.lists.refresh(),

    'system-proxy.set': (isWanted) => setSystemProxy(deps, isWanted),
    'system-proxy.reapply': () => session.reapplyProxy(),
    'protection.check': () => deps.protection.check(),
    'doctor.run': ({ maySend }) => deps.doctor.run(maySend),
    'doctor.stop': () => deps.doctor.stop(),

    'settings.change': (change) => settings.change(change),

    'log.read': async ({ afterId }) => deps.logs.readAfter(afterId),
    'support.preview': async () => deps.logs.supportText(state.current),
    'clipboard.write': (text) => deps.writeClipboard(text),
    'app.quit': async () => deps.quit(),
  }
}

async function startWithoutRules({ setRulesAside, session }: CommandDeps): Promise<void> {
  try {
    await setRulesAside()
  } catch (error) {
    const { kind, message: detail } = toTorError(error, 'state')
    throw new CoreError({ kind, detail })
  }
  session.start()
}

/** The wish is kept first; it resolves when the system follows it, or says why it does not. */
async function setSystemProxy(
  { state, settings, session }: Pick<CommandDeps, 'state' | 'settings' | 'session'>,
  isWanted: boolean,
): Promise<void> {
  if (isWanted && state.current.systemProxy.backend === undefined) {
    throw new AppError('proxy-unsupported', 'this desktop has no proxy setting that we know')
  }
  await settings.change({ systemProxy: isWanted })
  await session.applyProxy()
}
