/** What the settings and the bridges together mean for the next attempt, and whether one may begin at all. Pure. */
import { AppError } from '../app-error.ts'
import type { Settings } from '../ipc/settings.ts'
import type { BridgeView } from '../ipc/snapshot-bridges.ts'
import type { AttemptWay } from '../ipc/snapshot-connection.ts'

/** Whoever hides uses bridges, whatever else the settings say. */
export function usesBridges({ entry, useBridges }: Pick<Settings, 'entry' | 'useBridges'>): boolean {
  return entry === 'hide' || useBridges
}

export function attemptWay(
  settings: Pick<Settings, 'entry' | 'useBridges'>,
  bridges: readonly Pick<BridgeView, 'transport' | 'isEnabled' | 'health'>[],
): AttemptWay {
  if (!usesBridges(settings)) return { kind: 'direct' }
  const usable = bridges.filter(({ isEnabled, health }) => isEnabled && health !== 'unavailable')
  const transports = [...new Set(usable.map(({ transport }) => transport))]
  return { kind: 'bridges', transports, count: usable.length }
}

/**
 * Until the question of the first run is answered nothing may leave this computer: somebody who wants to hide must not
 * be shown to their network by a press of the wrong button.
 */
export function requireEntry({ entry }: Pick<Settings, 'entry'>): void {
  if (entry === 'unasked') {
    throw new AppError('entry-unasked', 'the question whether to connect directly was not answered yet')
  }
}

/** At the app's own start, without anybody asking. */
export function shouldConnectAtStart(
  settings: Pick<Settings, 'entry' | 'connectAtStart'>,
  hasConnectedBefore: boolean,
): boolean {
  return settings.connectAtStart && hasConnectedBefore && settings.entry !== 'unasked'
}
