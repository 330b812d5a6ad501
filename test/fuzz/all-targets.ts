/** Every target there is. */
import type { FuzzTarget } from './engine/target.ts'
import { APP_FILE_TARGETS } from './targets/app-files.ts'
import { APP_MESSAGE_TARGETS } from './targets/app-messages.ts'
import { APP_SURROUNDINGS_TARGETS } from './targets/app-surroundings.ts'
import { CELL_TARGETS } from './targets/cells.ts'
import { CERTIFICATE_TARGETS } from './targets/certificates.ts'
import { DIRECTORY_TARGETS } from './targets/directory.ts'
import { HTTP_TARGETS } from './targets/http.ts'
import { MACHINE_TARGETS } from './targets/machines.ts'
import { PROXY_TARGETS } from './targets/proxies.ts'
import { STATE_TARGETS } from './targets/state.ts'
import { TRANSPORT_TARGETS } from './targets/transports.ts'
import { WORD_TARGETS } from './targets/words.ts'

export const ALL_TARGETS: readonly FuzzTarget[] = [
  ...APP_MESSAGE_TARGETS,
  ...APP_FILE_TARGETS,
  ...APP_SURROUNDINGS_TARGETS,
  ...CELL_TARGETS,
  ...CERTIFICATE_TARGETS,
  ...DIRECTORY_TARGETS,
  ...HTTP_TARGETS,
  ...MACHINE_TARGETS,
  ...PROXY_TARGETS,
  ...STATE_TARGETS,
  ...TRANSPORT_TARGETS,
  ...WORD_TARGETS,
]
