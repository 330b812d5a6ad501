/**
 * The renderer's end of the contract: the only place that touches what the preload script gave the page. Commands come
 * back as a value or as an error with a kind; nothing here throws.
 */
import type { PreloadBridge } from '../electron/ipc/channels.ts'
import type {
  AppEventName,
  AppEvents,
  CommandArgument,
  CommandName,
  CommandOutcome,
  CommandResult,
} from '../electron/ipc/contract.ts'
import type { AppErrorKind } from '../electron/ipc/error-kinds.ts'

declare global {
  interface Window {
    /** Set by the preload script; missing only where the page was opened in a browser. */
    readonly allium?: PreloadBridge
  }
}

/** Commands that need no argument are called without one. */
export type ArgumentList<Name extends CommandName> =
  CommandArgument<Name> extends undefined ? [] : [argument: CommandArgument<Name>]

/** Asks main. The error kind `no-bridge` means that the page does not run inside the app. */
export async function call<Name extends CommandName>(
  name: Name,
  ...[argument]: ArgumentList<Name>
): Promise<CommandOutcome<CommandResult<Name>>> {
  const bridge = window.allium
  if (bridge === undefined) return failure('no-bridge', 'the preload script is missing')
  try {
    const answer = await bridge.invoke(name, argument)
    // Main made it from the same table; what is no outcome at all is a bug and must not look like success.
    return isOutcome(answer)
      ? (answer as CommandOutcome<CommandResult<Name>>)
      : failure('internal', `${name} was answered with no outcome`)
  } catch (thrown) {
    return failure('internal', thrown instanceof Error ? thrown.message : String(thrown))
  }
}

/** Returns what ends the subscription. */
export function onEvent<Name extends AppEventName>(
  name: Name,
  listener: (value: AppEvents[Name]) => void,
): () => void {
  const end = window.allium?.subscribe((eventName, value) => {
    if (eventName === name) listener(value as AppEvents[Name])
  })
  return end ?? (() => {})
}

function failure(
  kind: AppErrorKind,
  detail: string,
): { readonly ok: false; readonly error: { kind: string; detail: string } } {
  return { ok: false, error: { kind, detail } }
}

function isOutcome(value: unknown): value is CommandOutcome<unknown> {
  return typeof value === 'object' && value !== null && 'ok' in value && typeof value.ok === 'boolean'
}
