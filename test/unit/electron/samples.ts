/** What tests of main's parts are given where it does not matter what it is. */
import type { HostConfig } from '../../../electron/host/protocol.ts'
import type { AboutView } from '../../../electron/ipc/snapshot.ts'

export const ABOUT: AboutView = {
  version: '1.0.0',
  electronVersion: '45.0.0',
  chromeVersion: '150',
  nodeVersion: '24',
  platform: 'linux',
  arch: 'x64',
  dataDates: { countries: '2026-01-01', relays: '2026-01-01', bridges: '2026-01-01' },
  isTestRuntime: false,
  isDemo: false,
  canStartAtLogin: true,
  canNotify: true,
  hasTray: true,
}

/** No bridges, no proxy, every port, and doors wherever there is room. */
export const HOST_CONFIG: HostConfig = {
  dataDirectory: '/data',
  socksPort: 0,
  httpPort: 0,
  upstreamProxy: null,
  allowedPorts: null,
  excludedCountries: [],
  bridgeLines: undefined,
  networkLines: [],
}
