/** What is shown before any part has said something: off, nothing known, nothing claimed. */
import { DEFAULT_SETTINGS } from '../ipc/settings.ts'
import { NO_DOCTOR } from '../ipc/snapshot-doctor.ts'
import { NO_LISTS } from '../ipc/snapshot-lists.ts'
import { NO_WAY_FINDING } from '../ipc/snapshot-ways.ts'
import type { AboutView, AppSnapshot } from '../ipc/snapshot.ts'

export function firstSnapshot(about: AboutView): AppSnapshot {
  return {
    about,
    settings: DEFAULT_SETTINGS,
    settingsTrouble: undefined,
    upstreamPassword: 'none',
    connection: {
      state: 'off',
      sinceMs: 0,
      internet: 'unknown',
      tor: 'off',
      phase: undefined,
      step: 'start',
      percent: 0,
      progress: undefined,
      startedMs: undefined,
      clock: undefined,
      blockage: undefined,
      attempts: [],
      verifiedMs: undefined,
      coreRestart: undefined,
      hasConnectedBefore: false,
    },
    circuits: { circuits: [], ownCountry: undefined },
    sites: { sites: [] },
    traffic: { readBytes: 0, writtenBytes: 0, samples: [] },
    ways: NO_WAY_FINDING,
    lists: NO_LISTS,
    bridges: { bridges: [], builtIn: [], transports: ['vanilla'], trouble: undefined },
    proxies: { socks: undefined, http: undefined, trouble: undefined },
    systemProxy: {
      backend: undefined,
      isWanted: false,
      state: 'off',
      sinceMs: 0,
      detail: undefined,
      restoredAtStart: false,
      programs: [],
      trouble: undefined,
    },
    doctor: NO_DOCTOR,
    protection: { isRunning: false, checkedAtMs: undefined, exitAddress: undefined, results: [] },
  }
}
