/**
 * Main's end of the contract, derived from its table. Whoever sends is checked, then the name, then the argument; what
 * a handler throws becomes an error with a kind, and only errors that were made to be shown carry their words across.
 */
import * as v from 'valibot'
import { AppError } from '../app-error.ts'
import type { Clock } from '../clock.ts'
import type { AppErrorKind } from './error-kinds.ts'
import { COMMANDS, type CommandHandlers, type CommandName, type CommandOutcome } from './contract.ts'

/** More than the app's own page ever has under way; a page that was taken over does not pile up work in main. */
const MAX_CONCURRENT = 32
/** A person's clicks and a page's start need a few in a second. */
const MAX_PER_SECOND = 100

/** What is known of who sent a message, read from the event at once: a frame may be gone a moment later. */
export interface Sender {
  readonly isOurWindow: boolean
  readonly isMainFrame: boolean
  /** Of the frame that sent, not of its window. */
  readonly url: string
}

export interface CommandServer {
  serve(sender: Sender, name: unknown, argument: unknown): Promise<CommandOutcome<unknown>>
}

export function createCommandServer(deps: {
  readonly handlers: CommandHandlers
  readonly isOurUrl: (url: string) => boolean
  readonly clock: Clock
  /** Told about refused messages and about errors that nobody expected. */
  readonly report: (text: string, error?: unknown) => void
}): CommandServer {
  const allowance = createAllowance(deps.clock)
  return {
    async serve(sender, name, argument) {
      if (!sender.isOurWindow || !sender.isMainFrame || !deps.isOurUrl(sender.url)) {
        deps.report('refused a command of a frame that is not the app’s page')
        return refusal('bad-sender', 'this frame may not give commands')
      }
      if (!isCommandName(name)) {
        deps.report('refused a command that does not exist')
        return refusal('unknown-command', 'there is no such command')
      }
      if (!allowance.take()) return refusal('too-many', 'too many commands at a time')
      try {
        return await run(deps.handlers, name, argument)
      } catch (error) {
        if (error instanceof AppError) {
          return { ok: false, error: { kind: error.kind, detail: error.message } }
        }
        deps.report(`the command ${name} failed`, error)
        return refusal('internal', 'an error that nobody expected; the log has it')
      } finally {
        allowance.giveBack()
      }
    },
  }
}

// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- it ties the argument to its own handler
async function run<Name extends CommandName>(
  handlers: CommandHandlers,
  name: Name,
  argument: unknown,
): Promise<CommandOutcome<unknown>> {
  const parsed = v.safeParse(COMMANDS[name].argument, argument, { abortEarly: true })
  // Which of a schema's rules was broken is not told: values could be in it.
  if (!parsed.success) return refusal('bad-argument', `the argument of ${name} does not have its form`)
  return { ok: true, value: await handlers[name](parsed.output) }
}

/** Own keys alone: `constructor` and `__proto__` are no commands. */
function isCommandName(name: unknown): name is CommandName {
  return typeof name === 'string' && Object.hasOwn(COMMANDS, name)
}

function refusal(kind: AppErrorKind, detail: string): CommandOutcome<never> {
  return { ok: false, error: { kind, detail } }
}

/** Bounds what is under way, and how much begins within a second. */
function createAllowance(clock: Clock): { take(): boolean; giveBack(): void } {
  let running = 0
  let begun = 0
  let secondStartMs = Number.NEGATIVE_INFINITY
  return {
    take() {
      const nowMs = clock.monotonicMs()
      if (nowMs - secondStartMs >= 1000) {
        secondStartMs = nowMs
        begun = 0
      }
      if (running >= MAX_CONCURRENT || begun >= MAX_PER_SECOND) return false
      running++
      begun++
      return true
    },
    giveBack() {
      running--
    },
  }
}
