/** What the core is told to do, made of the settings, the bridges and where we run. */
import { usesBridges } from '../connection/entry-way.ts'
import type { HostConfig } from '../host/protocol.ts'
import type { Settings } from '../ipc/settings.ts'

export interface Surroundings {
  readonly dataDirectory: string
  readonly networkLines: readonly string[]
}

export function hostConfigOf(
  settings: Settings,
  bridgeLines: readonly string[] | undefined,
  { dataDirectory, networkLines }: Surroundings,
): HostConfig {
  return {
    dataDirectory,
    socksPort: settings.socksPort,
    httpPort: settings.httpPort,
    upstreamProxy: settings.upstreamProxy,
    allowedPorts: settings.allowedPorts,
    excludedCountries: settings.excludedCountries,
    // An empty list connects nothing: better than a relay that a person who hides must not be seen with.
    bridgeLines: usesBridges(settings) ? (bridgeLines ?? []) : bridgeLines,
    networkLines,
  }
}
