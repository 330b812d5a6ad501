/** What `main` and its workers say to each other. */
import type { Growth } from './engine/growth.ts'
import type { Found } from './engine/session.ts'

export interface WorkerOrder {
  readonly target: string
  readonly seed: number
  readonly seconds: number
  readonly isSaving: boolean
  /** The file that tells what each module has. */
  readonly modules: string
  /** Two numbers, runs so far and the length of the present input; then that input, as far as it fits. */
  readonly shared: SharedArrayBuffer
}

export interface WorkerReport {
  readonly runs: number
  readonly seconds: number
  /** The share of inputs that were taken. */
  readonly accepted: number
  readonly blocks: number
  readonly pool: number
  readonly mostSteps: number
  readonly slowestMs: number
  readonly slowest: Uint8Array
  readonly growth: Growth | undefined
  readonly corpus: readonly Uint8Array[]
  readonly findings: readonly Found[]
}
