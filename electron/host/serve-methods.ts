/** Answers main: whether we live; and its calls: each is checked by its schema, done by its handler, and answered once, with a value or a kind. */
import * as v from 'valibot'
import { isTorError, toTorError } from '../../core/index.ts'
import type { CommandError, CommandOutcome } from '../ipc/contract.ts'
import { isMethodName, METHOD_SCHEMAS, parseCall } from './method-schemas.ts'
import type { FromHost, HostArgument, HostMethodName, HostResult } from './protocol.ts'
import { scrubText } from './scrub-text.ts'

export type HostHandlers = {
  readonly [Name in HostMethodName]: (argument: HostArgument<Name>) => Promise<HostResult<Name>>
}

/** Returns what takes main's messages. Never rejects. */
export function serveMethods(
  handlers: HostHandlers,
  post: (message: FromHost) => void,
): (message: unknown) => Promise<void> {
  return async (message) => {
    if (isAskedAlive(message)) return post({ kind: 'alive' })
    const call = parseCall(message)
    if (call === undefined) return
    const outcome = await outcomeOf(() => callMethod(handlers, call.method, call.argument))
    post({ kind: 'reply', id: call.id, outcome })
  }
}

function isAskedAlive(message: unknown): boolean {
  return typeof message === 'object' && message !== null && 'kind' in message && message.kind === 'ask-alive'
}

async function callMethod(handlers: HostHandlers, name: string, argument: unknown): Promise<unknown> {
  if (!isMethodName(name)) throw new BadCall(`there is no method ${name.slice(0, 50)}`)
  return checkAndCall(handlers, name, argument)
}

function checkAndCall<Name extends HostMethodName>(
  handlers: HostHandlers,
  name: Name,
  argument: unknown,
): Promise<HostResult<Name>> {
  const parsed = v.safeParse(METHOD_SCHEMAS[name], argument)
  if (!parsed.success) {
    // Where it is wrong, never what was there: bridge lines and passwords come this way.
    const [issue] = parsed.issues
    throw new BadCall(`${name}: a bad ${v.getDotPath(issue) ?? 'argument'}`)
  }
  return handlers[name](parsed.output)
}

class BadCall extends Error {}

async function outcomeOf(work: () => Promise<unknown>): Promise<CommandOutcome<unknown>> {
  try {
    return { ok: true, value: await work() }
  } catch (error) {
    return { ok: false, error: describeError(error) }
  }
}

function describeError(thrown: unknown): CommandError {
  if (thrown instanceof BadCall) return { kind: 'malformed', detail: thrown.message }
  const error = isTorError(thrown) ? thrown : toTorError(thrown, 'internal')
  return { kind: error.kind, detail: scrubText(error.message) }
}
