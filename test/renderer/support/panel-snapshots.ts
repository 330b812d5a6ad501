/** Snapshots and answers for the tests of the panels: bridges, system proxy, protection, log. */
import type { LogLevelName, LogLine } from '../../../electron/ipc/contract.ts'
import type {
  AppSnapshot,
  ProtectionCheck,
  ProtectionFix,
  ProtectionResult,
  ProtectionVerdict,
  SystemProxyView,
} from '../../../electron/ipc/snapshot.ts'
import type { BridgeLineResult, BridgesView, BridgeView } from '../../../electron/ipc/snapshot-bridges.ts'
import type { ProgramGuide } from '../../../electron/ipc/snapshot-programs.ts'
import { NOW_MS, snapshotIn } from './snapshots.ts'

const MINUTE_MS = 60_000

/** Of the right form and length; the address is for documentation. */
export function obfs4Line(n: number): string {
  const cert = `ssH${n}`.padEnd(70, 'Qx7Zk2LmN9pRt4VwYb8')
  return `obfs4 192.0.2.${n}:443 ${String(n).padStart(40, '0123456789ABCDEF')} cert=${cert} iat-mode=0`
}

export function bridge(n: number, changes: Partial<BridgeView> = {}): BridgeView {
  return {
    id: `bridge-${n}`,
    line: obfs4Line(n),
    transport: 'obfs4',
    address: `192.0.2.${n}:443`,
    emoji: ['🤖', '🧠', '🐙', '🌵'],
    origin: 'added',
    isEnabled: true,
    health: 'unknown',
    failingSinceMs: undefined,
    lastWorkedMs: undefined,
    ...changes,
  }
}

/** One bridge in each state of its health. */
export const EVERY_BRIDGE: readonly BridgeView[] = [
  bridge(14, { health: 'in-use', lastWorkedMs: NOW_MS - MINUTE_MS }),
  bridge(22, { health: 'works', lastWorkedMs: NOW_MS - 3 * MINUTE_MS, emoji: ['🍓', '🎈', '🐢', '⛵'] }),
  bridge(35, {
    health: 'failing',
    failingSinceMs: NOW_MS - 26 * MINUTE_MS,
    lastWorkedMs: NOW_MS - 26 * 60 * MINUTE_MS,
    emoji: ['🎻', '🦀', '🌙', '🍋'],
  }),
  bridge(41, {
    transport: 'vanilla',
    line: '192.0.2.41:9001 0123456789ABCDEF0123456789ABCDEF01234567',
    address: '[2001:db8:85a3:8d3:1319:8a2e:370:7348]:9001',
    emoji: ['🚲', '🦉', '🍄', '🎲'],
  }),
  bridge(50, { transport: 'webtunnel', health: 'unavailable', emoji: ['🐝', '🏔', '🍇', '🔑'] }),
  bridge(61, { isEnabled: false, origin: 'built-in', emoji: ['🐳', '🎩', '🌻', '🧩'] }),
]

export const BUILT_IN: BridgesView['builtIn'] = [
  { transport: 'obfs4', count: 7, isAvailable: true, isChosen: false },
  { transport: 'snowflake', count: 2, isAvailable: true, isChosen: true },
  { transport: 'meek', count: 1, isAvailable: false, isChosen: false },
  { transport: 'webtunnel', count: 3, isAvailable: false, isChosen: false },
]

export function withBridges(
  bridges: readonly BridgeView[],
  settings: Partial<AppSnapshot['settings']> = {},
): AppSnapshot {
  const snapshot = snapshotIn('off')
  return {
    ...snapshot,
    settings: { ...snapshot.settings, ...settings },
    bridges: {
      bridges,
      builtIn: BUILT_IN,
      transports: ['vanilla', 'obfs4', 'snowflake'],
      trouble: undefined,
    },
  }
}

/** What main says about pasted lines: obfs4 and plain ones are good, a few words stand for the faults. */
export async function checkLines(text: string): Promise<readonly BridgeLineResult[]> {
  return text.split('\n').flatMap((line, index): BridgeLineResult[] => {
    const result = { lineNumber: index + 1, text: line.trim() }
    if (line.trim() === '') return []
    const [transport = '', address = ''] = line.trim().split(' ')
    if (transport === 'obfs4' && /^192\.0\.2\.\d+:443$/.test(address)) {
      return [
        { ...result, fault: undefined, bridge: { transport, address, emoji: ['🤖', '🧠', '🐙', '🌵'] } },
      ]
    }
    if (transport === 'obfs4') return [{ ...result, fault: 'bad-address' }]
    if (transport === 'webtunnel') return [{ ...result, fault: 'transport-not-available' }]
    return [{ ...result, fault: 'not-a-bridge-line' }]
  })
}

export const PROGRAMS: readonly ProgramGuide[] = [
  { program: 'firefox', obedience: 'follows', lines: [] },
  {
    program: 'chromium',
    obedience: 'follows',
    lines: [
      {
        scope: 'once',
        where: 'terminal',
        file: undefined,
        text: 'chromium --proxy-server=socks5://127.0.0.1:9250',
        undo: undefined,
      },
    ],
  },
  { program: 'desktop-programs', obedience: 'mostly', lines: [] },
  {
    program: 'git',
    obedience: 'ignores',
    lines: [
      {
        scope: 'always',
        where: 'terminal',
        file: undefined,
        text: 'git config --global http.proxy socks5h://127.0.0.1:9250',
        undo: 'git config --global --unset http.proxy',
      },
    ],
  },
  {
    program: 'ssh',
    obedience: 'ignores',
    lines: [
      {
        scope: 'always',
        where: 'file',
        file: '~/.ssh/config',
        text: 'Host *\n  ProxyCommand nc -X 5 -x 127.0.0.1:9250 %h %p',
        undo: undefined,
      },
    ],
  },
]

export function withSystemProxy(
  view: Partial<SystemProxyView>,
  snapshot = snapshotIn('connected'),
): AppSnapshot {
  return { ...snapshot, systemProxy: { ...snapshot.systemProxy, programs: PROGRAMS, ...view } }
}

export function verdict(
  check: ProtectionCheck,
  value: ProtectionVerdict,
  fix: ProtectionFix = 'none',
): ProtectionResult {
  return {
    check,
    verdict: value,
    fix,
    detail: value === 'bad' ? 'technical words about the fault' : undefined,
  }
}

export function withProtection(results: readonly ProtectionResult[]): AppSnapshot {
  return {
    ...withSystemProxy({ state: 'on', isWanted: true }),
    protection: {
      isRunning: false,
      checkedAtMs: NOW_MS - 2 * MINUTE_MS,
      exitAddress: results.some((one) => one.check === 'exit' && one.verdict === 'good')
        ? '198.51.100.7'
        : undefined,
      results,
    },
  }
}

const TEXTS = [
  'the consensus is fresh for another 42 minutes',
  'circuit 17 is open after 312 ms',
  'a stream waits for a circuit that allows port 443',
  'the guard answered after being silent for 12 s',
  'the system proxy was read back and is ours',
]
const LEVELS: readonly LogLevelName[] = ['notice', 'info', 'debug', 'warn', 'err']

/** Levels and texts take turns. */
export function logLines(from: number, to: number): LogLine[] {
  return Array.from({ length: to - from }, (_, index) => {
    const id = from + index
    return {
      id,
      atMs: NOW_MS - (6_000 - id) * 1_000,
      level: LEVELS[id % LEVELS.length] ?? 'notice',
      domain: id % 2 === 0 ? 'circuit' : 'app',
      text: `${TEXTS[id % TEXTS.length] ?? ''} (line ${id})`,
    }
  })
}

/** What main answers to `log.read`. */
export function logReader(lines: readonly LogLine[]) {
  return async ({ afterId }: { afterId: number }): Promise<readonly LogLine[]> =>
    lines.filter(({ id }) => id > afterId).slice(0, 2_000)
}

/** Finds a sentence with arguments: around each there may be marks that keep its direction. */
export function said(text: string): RegExp {
  const escaped = Array.from(text, (letter) => letter.replace(/[.*+?^${}()|[\]\\]/, '\\$&'))
  return new RegExp(escaped.join('[\u2066-\u2069]*'))
}
