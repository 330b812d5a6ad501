/** When the client goes dormant: no circuits, no directory, until an application asks. */
import { off, single } from './option.ts'
import { boolean, duration, MINUTE_MS } from './values.ts'

export const SLEEP_OPTIONS = {
  dormantClientTimeout: single(
    'DormantClientTimeout',
    duration({ leastMs: 10 * MINUTE_MS }),
    '86400',
    'Goes dormant after so long without use',
  ),
  dormantTimeoutEnabled: single('DormantTimeoutEnabled', boolean, '1', 'Whether it ever does by itself'),
  dormantOnFirstStartup: single('DormantOnFirstStartup', boolean, '0', 'Is dormant at the very first start'),
  dormantCanceledByStartup: single('DormantCanceledByStartup', boolean, '0', 'Is awake at each start'),
  dormantTimeoutDisabledByIdleStreams: off(
    'DormantTimeoutDisabledByIdleStreams',
    'a stream that is open is use',
    '1',
  ),
} as const
