/** Every target there is. */
import type { FuzzTarget } from './engine/target.ts'
import { CELL_TARGETS } from './targets/cells.ts'
import { CERTIFICATE_TARGETS } from './targets/certificates.ts'
import { DIRECTORY_TARGETS } from './targets/directory.ts'
import { HTTP_TARGETS } from './targets/http.ts'
import { STATE_TARGETS } from './targets/state.ts'
import { WORD_TARGETS } from './targets/words.ts'

export const ALL_TARGETS: readonly FuzzTarget[] = [
  ...CELL_TARGETS,
  ...CERTIFICATE_TARGETS,
  ...DIRECTORY_TARGETS,
  ...HTTP_TARGETS,
  ...STATE_TARGETS,
  ...WORD_TARGETS,
]
