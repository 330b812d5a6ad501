/**
 * Reads and writes the two copies of the guard choice. Of two that differ the newer counts; only when neither can be
 * used are guards chosen anew, and then the user is told. Not when a newer version wrote them: those guards are not lost.
 */
import type { StateStore } from '../persist/state-store.ts'
import {
  type FoundDocument,
  findDocument,
  type LoadedDocument,
  saveDocument,
  setAsideUnusable,
} from '../persist/versioned-document.ts'
import { TorError } from '../util/errors.ts'
import type { Logger } from '../util/log.ts'
import {
  EMPTY_GUARD_STATE,
  GUARD_STATE_COPY_SCHEMA,
  GUARD_STATE_SCHEMA,
  type GuardState,
} from './guard-state.ts'

export interface LoadedGuards {
  readonly state: GuardState
  /** Whether a file is missing, damaged or older than the other: both are to be written again. */
  readonly needsRepair: boolean
}

/**
 * Throws `state` when the disk cannot be read, and `newer-guards` when it holds only what a newer version wrote: guards
 * are never changed because of that.
 */
export async function loadGuardState(store: StateStore, log: Logger): Promise<LoadedGuards> {
  const found = {
    main: await findDocument(store, GUARD_STATE_SCHEMA),
    copy: await findDocument(store, GUARD_STATE_COPY_SCHEMA),
  }
  if (found.main.kind !== 'loaded' && found.copy.kind !== 'loaded') {
    refuseNewer(found.main)
    refuseNewer(found.copy)
  }
  const main = await setAsideUnusable(store, GUARD_STATE_SCHEMA, found.main, log)
  const copy = await setAsideUnusable(store, GUARD_STATE_COPY_SCHEMA, found.copy, log)
  if (main.kind === 'loaded' && copy.kind === 'loaded') return newerOf(main.value, copy.value, log)
  if (main.kind === 'loaded') return { state: main.value, needsRepair: true }
  if (copy.kind === 'loaded') {
    log.warn(
      `The guards were read from "${GUARD_STATE_COPY_SCHEMA.name}", because "${GUARD_STATE_SCHEMA.name}" `,
      `${main.kind === 'missing' ? 'is missing' : 'could not be read'}. They stay the same. Files do not get lost by `,
      'themselves: if it happens again, find out why.',
    )
    return { state: copy.value, needsRepair: true }
  }
  if (isLost(main) || isLost(copy)) {
    log.warn(
      'New guards will be chosen, because the kept choice could not be read. Who can cause this can make you change ',
      'guards: if it happens again, find out why. To keep the old guards, put a working copy of the file back.',
    )
  }
  return { state: EMPTY_GUARD_STATE, needsRepair: false }
}

/** Throws `state`. After a crash in between, the first file is the newer one, which is in order. */
export async function saveGuardState(store: StateStore, state: GuardState): Promise<void> {
  await saveDocument(store, GUARD_STATE_SCHEMA, state)
  await saveDocument(store, GUARD_STATE_COPY_SCHEMA, state)
}

/** Before anything is set aside: the newer version finds its files where it left them. */
function refuseNewer(found: FoundDocument<GuardState>): void {
  if (found.kind !== 'unusable' || found.reason !== 'newer') return
  const files = `"${GUARD_STATE_SCHEMA.name}" and "${GUARD_STATE_COPY_SCHEMA.name}"`
  throw new TorError(
    'newer-guards',
    `A newer version of this program wrote the files ${files} with ${GUARD_STATE_SCHEMA.title} ` +
      `(${found.error.message}). Without them new guards would be chosen, so nothing is started. ` +
      'Use the newer version, put older copies of both back, or delete both to begin with new guards.',
    { cause: found.error },
  )
}

function newerOf(main: GuardState, copy: GuardState, log: Logger): LoadedGuards {
  if (main.serial >= copy.serial) return { state: main, needsRepair: main.serial > copy.serial }
  log.warn(
    `The file "${GUARD_STATE_SCHEMA.name}" is older than its copy: somebody or something put an old one back. `,
    'The newer choice of guards is used, so the guards stay the same. If it was not you, find out who it was.',
  )
  return { state: copy, needsRepair: true }
}

function isLost(document: LoadedDocument<GuardState>): boolean {
  return document.kind === 'set-aside'
}
