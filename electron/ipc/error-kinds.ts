/**
 * Every kind of error that is the app's own; those of the core (its `ErrorKind`) reach the page, too. The page has words
 * for each: a kind that is not in here cannot be thrown, and one without words fails a test.
 */
import { SYSTEM_PROXY_TROUBLES } from './snapshot.ts'

export const APP_ERROR_KINDS = [
  ...SYSTEM_PROXY_TROUBLES,
  /** The system proxy is to be put back into force, and is not wanted or has no door to point at. */
  'proxy-off',

  // Of commands as such.
  'bad-sender',
  'unknown-command',
  'bad-argument',
  'too-many',
  'timeout',
  'aborted',
  /** A mistake of ours. */
  'internal',
  /** The page runs outside of the app. */
  'no-bridge',

  // Of the core host.
  /** Nobody wants to be connected, so no core runs. */
  'not-connected',
  /** It crashed or is being started (again). */
  'core-gone',
  'core-crashed',

  // Of an attempt to connect.
  'entry-unasked',
  'no-bridges',
  'no-network',

  // Of settings.
  'bad-setting',
  'connect-at-start-too-early',
  'hide-needs-bridges',
  'ports-equal',
  'check-url-not-https',
  'settings-not-written',
  'autostart-failed',

  // Of bridges.
  'bridges-not-written',
  'no-room-for-bridges',
  'no-built-in-bridges',
  'transport-not-available',
  'screen-not-allowed',

  // Of finding a way.
  /** There is no other way in use that could be kept or undone, or none to go on with. */
  'no-other-way',
  'way-not-remembered',
  /** A direct try that was left soon, for it had failed on this network before. */
  'brief-silence',

  // Of asking the bridge service.
  'help-unreachable',
  /** Another question is under way, or the last one was a moment ago. */
  'help-busy',
  'help-no-country',
  'help-no-transport',
  'help-refused',
  'help-malformed',
  /** There is none on this network, or no transport to reach it by. */
  'help-not-available',
  /** A list that was fetched is no good, and nothing of it is used. */
  'lists-refused',
  'bridge-file-not-written',
  'bridge-file-unreadable',
  'bridge-file-broken',
  'bridge-file-newer',
  'bridge-file-wrong-passphrase',
] as const

export type AppErrorKind = (typeof APP_ERROR_KINDS)[number]
