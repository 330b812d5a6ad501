/** Bridge lines and a library in memory, for tests of what the app does with bridges. */
import { BridgeLibrary } from '../../../../electron/bridges/bridge-library.ts'
import { builtInLines } from '../../../../electron/bridges/built-in.ts'
import { EMPTY_LIBRARY, type LibraryDocument } from '../../../../electron/bridges/library-document.ts'
import type { HostBridgeStatus } from '../../../../electron/host/protocol.ts'
import type { BridgesView } from '../../../../electron/ipc/snapshot-bridges.ts'

export const FINGERPRINT = '0123456789ABCDEF0123456789ABCDEF01234567'
export const NOW_MS = Date.UTC(2026, 10, 22, 12)

/** Plain bridge `number`. */
export const plain = (number: number): string => `192.0.2.${number}:443 ${FINGERPRINT}`

/** The transports of a core that has some. */
export const TRANSPORTS = ['obfs4', 'snowflake'] as const

export const statusOf = (line: string, changes: Partial<HostBridgeStatus> = {}): HostBridgeStatus => ({
  line,
  health: 'works',
  failingSinceMs: undefined,
  lastWorkedMs: NOW_MS,
  ...changes,
})

export interface LibraryRig {
  readonly library: BridgeLibrary
  /** Every document that was written. */
  readonly saved: LibraryDocument[]
  readonly published: BridgesView[]
  /** How often the active lines were said to be others. */
  readonly changes: () => number
  /** From now on nothing can be written. */
  readonly failWrites: () => void
}

export async function openLibrary(
  document: Partial<LibraryDocument> = {},
  transports: readonly string[] = TRANSPORTS,
): Promise<LibraryRig> {
  const saved: LibraryDocument[] = []
  const published: BridgesView[] = []
  let isBroken = false
  let changes = 0
  const library = await BridgeLibrary.open({
    store: {
      trouble: undefined,
      load: () => Promise.resolve({ ...EMPTY_LIBRARY, ...document }),
      save: async (next) => {
        if (isBroken) throw new Error('the disk is full')
        saved.push(next)
      },
    },
    publish: (view) => published.push(view),
    log: () => {},
    transports,
    builtIn: builtInLines,
    readQrFromScreen: () => Promise.resolve('what the screen shows'),
  })
  library.watch(() => changes++)
  return {
    library,
    saved,
    published,
    changes: () => changes,
    failWrites: () => {
      isBroken = true
    },
  }
}
