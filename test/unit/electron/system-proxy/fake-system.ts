/**
 * Systems in memory behind a recorded command runner: each answers its own tools as the real one does, so that a whole
 * run of the app can be tried on all four, and stopped after any command.
 */
import { AppError } from '../../../../electron/app-error.ts'
import type { CommandResult, CommandRunner } from '../../../../electron/system-proxy/command-runner.ts'
import type { ProxyBackend } from '../../../../electron/system-proxy/proxy-backend.ts'

export type Answer = string | CommandResult | { readonly hangs: true }

/** Thrown by everything once the app is dead. */
export class Crash extends Error {}

export abstract class FakeSystem implements CommandRunner {
  /** `tool arg arg`, arguments with a space in brackets. */
  readonly lines: string[] = []
  /** Asked first; undefined lets the system answer. */
  intercept: (line: string) => Answer | undefined = () => undefined
  /** Tools that are not installed. */
  readonly missing = new Set<string>()
  /** After each command that was run: when it throws, the command has had its effect and is never heard of. */
  onCommand: () => void = () => undefined
  /** Leaves everything as it is, and says that all is well. */
  isDeaf = false

  abstract readonly tools: readonly string[]
  abstract backend(): ProxyBackend
  /** Everything that can be set, for comparing. */
  abstract state(): unknown
  /** What a person does in the system's own settings. */
  abstract chooseOwnProxy(): void
  abstract turnProxyOff(): void
  /** What a crash of a run whose journal was lost leaves behind. */
  abstract leadsTo(port: number): boolean
  protected abstract answer(tool: string, args: readonly string[]): string | CommandResult

  has(tool: string): Promise<boolean> {
    return Promise.resolve(this.tools.includes(tool) && !this.missing.has(tool))
  }

  async run(tool: string, args: readonly string[]): Promise<CommandResult> {
    const line = [tool, ...args].map((arg) => (/^[^\s]+$/.test(arg) ? arg : `[${arg}]`)).join(' ')
    this.lines.push(line)
    const given = this.intercept(line)
    if (typeof given === 'object' && 'hangs' in given)
      throw new AppError('proxy-tool-timeout', `${tool} did not end in time`)
    if (this.missing.has(tool)) throw new AppError('proxy-tool-missing', `${tool} is not installed`)
    const answer = given ?? this.answer(tool, args)
    this.onCommand()
    return typeof answer === 'string' ? { code: 0, stdout: answer, stderr: '' } : answer
  }

  /** The command lines since the last call. */
  takeLines(): string[] {
    return this.lines.splice(0)
  }
}

export function failed(code: number, stderr: string): CommandResult {
  return { code, stdout: '', stderr }
}
