/** Every target there is. */
import type { FuzzTarget } from './engine/target.ts'
import { CELL_TARGETS } from './targets/cells.ts'

export const ALL_TARGETS: readonly FuzzTarget[] = [...CELL_TARGETS]
