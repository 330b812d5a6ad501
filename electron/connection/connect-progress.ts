/** The core's phases for people: which of the six steps each belongs to, and a percent. */
import { type BootstrapPhaseName, CONNECT_STEPS, type ConnectStep } from '../ipc/snapshot-connection.ts'

interface Place {
  readonly step: ConnectStep
  /** C tor's percents, so that nobody who knows them is misled. */
  readonly percent: number
}

const PLACES: Readonly<Record<BootstrapPhaseName, Place>> = {
  starting: { step: 'start', percent: 0 },
  conn: { step: 'reach-network', percent: 5 },
  'conn-done': { step: 'reach-network', percent: 10 },
  handshake: { step: 'reach-network', percent: 14 },
  'handshake-done': { step: 'reach-network', percent: 15 },
  'onehop-create': { step: 'get-directory', percent: 20 },
  'requesting-status': { step: 'get-directory', percent: 25 },
  'loading-status': { step: 'get-directory', percent: 30 },
  'loading-keys': { step: 'get-directory', percent: 40 },
  'requesting-descriptors': { step: 'get-relays', percent: 45 },
  'loading-descriptors': { step: 'get-relays', percent: 50 },
  'enough-dirinfo': { step: 'build-circuit', percent: 75 },
  'ap-conn': { step: 'build-circuit', percent: 80 },
  'ap-conn-done': { step: 'build-circuit', percent: 85 },
  'ap-handshake': { step: 'build-circuit', percent: 89 },
  'ap-handshake-done': { step: 'build-circuit', percent: 90 },
  'circuit-create': { step: 'build-circuit', percent: 95 },
  // A hundred is said only of a real stream that went through, and not of a phase.
  done: { step: 'verify', percent: 99 },
}

export function placeOf(
  phase: BootstrapPhaseName,
  progress: { readonly done: number; readonly total: number } | undefined,
): Place {
  const place = PLACES[phase]
  if (phase !== 'loading-descriptors' || progress === undefined || progress.total <= 0) return place
  const fraction = Math.min(1, Math.max(0, progress.done / progress.total))
  const span = PLACES['enough-dirinfo'].percent - place.percent
  return { ...place, percent: place.percent + Math.min(span - 1, Math.floor(span * fraction)) }
}

export function laterStep(a: ConnectStep, b: ConnectStep): ConnectStep {
  return CONNECT_STEPS.indexOf(a) >= CONNECT_STEPS.indexOf(b) ? a : b
}
