/** What a new identity changes and keeps, as the core says it: shown before it is taken, so kept equal by a test. */
import type { NewIdentityResult } from '../../../electron/ipc/contract.ts'

export const IDENTITY: NewIdentityResult = {
  changed: [
    'circuits-retired',
    'idle-circuits-closed',
    'predicted-ports-forgotten',
    'tracked-exits-forgotten',
    'caches-dropped',
  ],
  kept: ['guards', 'site-policies', 'open-streams'],
}
