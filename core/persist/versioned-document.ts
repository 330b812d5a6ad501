/**
 * JSON documents with a schema version. What cannot be read is never thrown away and never silently begun anew: it is
 * kept beside as a backup and said, because a lost guard file is a forced change of guards.
 */
import { isTorError, TorError } from '../util/errors.ts'
import type { Logger } from '../util/log.ts'
import { JsonFields } from './json-fields.ts'
import type { StateStore } from './state-store.ts'

export interface DocumentSchema<T> {
  /** The document's name in the store. */
  readonly name: string
  /** What it is, for messages: "the guard choice". */
  readonly title: string
  /** The version that `serialize` writes; `parse` must know it and every older one. */
  readonly version: number
  /** Checks everything; throws `malformed`. */
  parse(content: unknown, version: number): T
  /** Gives what `JSON.stringify` writes. */
  serialize(value: T): object
}

export type LoadedDocument<T> =
  | { readonly kind: 'loaded'; readonly value: T }
  | { readonly kind: 'missing' }
  /** There was one that this program cannot use; it is kept under the name `backup`, and the user was warned. */
  | { readonly kind: 'set-aside'; readonly backup: string; readonly reason: 'unreadable' | 'newer' }

/** One that this program cannot use, still in its place. */
export interface UnusableDocument {
  readonly kind: 'unusable'
  readonly reason: 'unreadable' | 'newer'
  readonly error: TorError
}

export type FoundDocument<T> = Exclude<LoadedDocument<T>, { kind: 'set-aside' }> | UnusableDocument

const MAX_VERSION = 1_000_000

/** Throws `state` when the disk cannot be read: that must stop a start rather than begin anew. */
export async function loadDocument<T>(
  store: StateStore,
  schema: DocumentSchema<T>,
  log: Logger,
): Promise<LoadedDocument<T>> {
  return setAsideUnusable(store, schema, await findDocument(store, schema), log)
}

/** The first half of loading: changes nothing. Throws `state` when the disk cannot be read. */
export async function findDocument<T>(
  store: StateStore,
  schema: DocumentSchema<T>,
): Promise<FoundDocument<T>> {
  const bytes = await store.read(schema.name)
  if (bytes === undefined) return { kind: 'missing' }
  try {
    return { kind: 'loaded', value: parseDocument(schema, bytes) }
  } catch (error) {
    if (error instanceof NewerVersion) return { kind: 'unusable', reason: 'newer', error }
    if (isTorError(error, 'malformed')) return { kind: 'unusable', reason: 'unreadable', error }
    throw error
  }
}

/** The second half. Throws `state`. */
export async function setAsideUnusable<T>(
  store: StateStore,
  schema: DocumentSchema<T>,
  found: FoundDocument<T>,
  log: Logger,
): Promise<LoadedDocument<T>> {
  if (found.kind !== 'unusable') return found
  const { reason, error } = found
  const backup = (await store.keepBackup(schema.name)) ?? schema.name
  const why = reason === 'newer' ? 'was written by a newer version of this program' : 'is damaged'
  log.warn(
    `The file "${schema.name}" with ${schema.title} ${why}. `,
    `It was kept as "${backup}" (`,
    error.message,
    ')',
  )
  return { kind: 'set-aside', backup, reason }
}

/** Throws `state`. */
export async function saveDocument<T>(store: StateStore, schema: DocumentSchema<T>, value: T): Promise<void> {
  const text = JSON.stringify({ version: schema.version, content: schema.serialize(value) }, null, 1)
  await store.write(schema.name, Buffer.from(`${text}\n`))
}

class NewerVersion extends TorError {
  constructor(version: number, known: number) {
    super('state', `schema version ${version}, and this program knows versions up to ${known}`)
  }
}

/** Throws `malformed`, or `state` for what a newer version wrote. */
export function parseDocument<T>(schema: DocumentSchema<T>, bytes: Uint8Array): T {
  const envelope = new JsonFields(schema.name, parseJson(schema.name, bytes))
  const version = envelope.integer('version', 1, MAX_VERSION)
  if (version > schema.version) throw new NewerVersion(version, schema.version)
  return schema.parse(envelope.value('content'), version)
}

function parseJson(name: string, bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (error) {
    throw new TorError('malformed', `${name}: expected JSON text`, { cause: error })
  }
}
