/** Tells the bootstrap as C tor's log does, in percents that never go back, and says what it is stuck at. */
import type { Blockage, BootstrapPhase, BootstrapStatus } from '../client/status.ts'
import type { Logger } from '../util/log.ts'

interface PhaseWords {
  readonly percent: number
  readonly tag: string
  readonly summary: string
}

/** C tor's percents, tags and summaries. */
const PHASES: Readonly<Record<BootstrapPhase, PhaseWords>> = {
  starting: { percent: 0, tag: 'starting', summary: 'Starting' },
  conn: { percent: 5, tag: 'conn', summary: 'Connecting to a relay' },
  'conn-done': { percent: 10, tag: 'conn_done', summary: 'Connected to a relay' },
  handshake: { percent: 14, tag: 'handshake', summary: 'Handshaking with a relay' },
  'handshake-done': { percent: 15, tag: 'handshake_done', summary: 'Handshake with a relay done' },
  'onehop-create': {
    percent: 20,
    tag: 'onehop_create',
    summary: 'Establishing an encrypted directory connection',
  },
  'requesting-status': {
    percent: 25,
    tag: 'requesting_status',
    summary: 'Asking for networkstatus consensus',
  },
  'loading-status': { percent: 30, tag: 'loading_status', summary: 'Loading networkstatus consensus' },
  'loading-keys': { percent: 40, tag: 'loading_keys', summary: 'Loading authority key certs' },
  'requesting-descriptors': {
    percent: 45,
    tag: 'requesting_descriptors',
    summary: 'Asking for relay descriptors',
  },
  'loading-descriptors': { percent: 50, tag: 'loading_descriptors', summary: 'Loading relay descriptors' },
  'enough-dirinfo': {
    percent: 75,
    tag: 'enough_dirinfo',
    summary: 'Loaded enough directory info to build circuits',
  },
  'ap-conn': { percent: 80, tag: 'ap_conn', summary: 'Connecting to a relay to build circuits' },
  'ap-conn-done': { percent: 85, tag: 'ap_conn_done', summary: 'Connected to a relay to build circuits' },
  'ap-handshake': {
    percent: 89,
    tag: 'ap_handshake',
    summary: 'Finishing handshake with a relay to build circuits',
  },
  'ap-handshake-done': {
    percent: 90,
    tag: 'ap_handshake_done',
    summary: 'Handshake finished with a relay to build circuits',
  },
  'circuit-create': { percent: 95, tag: 'circuit_create', summary: 'Establishing a Tor circuit' },
  done: { percent: 100, tag: 'done', summary: 'Done' },
}

/** Within a phase C tor logs progress in such steps. */
const PROGRESS_STEP_PERCENT = 5
/** One failed try is everyday life; C tor too keeps quiet about the first ones. */
const FAILURES_BEFORE_WARNING = 3

/** `Bootstrapped 45% (requesting_descriptors): Asking for relay descriptors`, without its first words. */
export function describeBootstrap({
  phase,
  progress,
}: Pick<BootstrapStatus, 'phase' | 'progress'>): PhaseWords {
  const words = PHASES[phase]
  if (phase !== 'loading-descriptors' || progress === undefined || progress.total <= 0) return words
  const fraction = Math.min(1, Math.max(0, progress.done / progress.total))
  const span = PHASES['enough-dirinfo'].percent - words.percent
  // Always below the next phase: that one is said when it is reached.
  return { ...words, percent: words.percent + Math.min(span - 1, Math.floor(span * fraction)) }
}

export class BootstrapLog {
  readonly #log: Logger
  #percent = -1
  #phase: BootstrapPhase | undefined
  #blockage: Blockage | undefined

  constructor(log: Logger) {
    this.#log = log
  }

  /** Tells what is new in the status. */
  report(status: BootstrapStatus): void {
    this.#reportProgress(status)
    this.#reportBlockage(status.blockage)
  }

  #reportProgress(status: BootstrapStatus): void {
    const { percent, tag, summary } = describeBootstrap(status)
    const isNewPhase = status.phase !== this.#phase
    if (percent < this.#percent + (isNewPhase ? 1 : PROGRESS_STEP_PERCENT)) return
    this.#phase = status.phase
    this.#percent = percent
    this.#log.notice(`Bootstrapped ${percent}% (${tag}): ${summary}`)
  }

  /** Once for each cause, and again each time the failures have doubled. */
  #reportBlockage(blockage: Blockage | undefined): void {
    if (blockage === undefined) {
      this.#blockage = undefined
      return
    }
    const last = this.#blockage
    if (blockage.failures < FAILURES_BEFORE_WARNING) return
    const isSame = last !== undefined && last.stuckAt === blockage.stuckAt && last.kind === blockage.kind
    if (isSame && blockage.failures < 2 * last.failures) return
    this.#blockage = blockage
    const { percent, tag, summary } = PHASES[blockage.stuckAt]
    const shown = Math.max(percent, this.#percent)
    this.#log.warn(
      `Problem bootstrapping. Stuck at ${shown}% (${tag}): ${summary}. `,
      `(${blockage.reason}; ${blockage.kind}; count ${blockage.failures}; recommendation warn)`,
    )
  }
}
