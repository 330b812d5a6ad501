/** Where the layers above find the current view of the network; the directory manager implements it. */
import type { Watchable } from '../util/watched-value.ts'
import type { NetDir } from './net-dir.ts'

export interface NetDirProvider {
  /** Undefined until the first consensus is verified. */
  readonly current: Watchable<NetDir | undefined>
}
