/**
 * Asks the bridge service, path after path, and shows how it went. That it could not be reached is a state of its own:
 * its own way in may be blocked where others are not, and it says nothing of the country.
 */
import { parseBridgeLine } from '../../core/index.ts'
import { AppError } from '../app-error.ts'
import type { Clock } from '../clock.ts'
import type { HelpArgument, HelpReply } from '../host/help-protocol.ts'
import type { AppErrorKind } from '../ipc/error-kinds.ts'
import type { HelpAnswer, HelpPath, HelpTry, HelpView } from '../ipc/snapshot-ways.ts'
import { commonName } from '../bridges/line-check.ts'
import type { AppLog } from '../parts.ts'
import { faultOfForeignLine } from './foreign-line.ts'
import type { Reason } from './run.ts'

/** A person may ask again soon; a page that was taken over may not have the service asked all the time. */
const ASK_AGAIN_MS = 10_000
/** By itself the app asks seldom: bridges change by the day. */
const ASK_BY_ITSELF_AGAIN_MS = 30 * 60_000

export interface HelpDeskDeps {
  readonly clock: Clock
  readonly log: AppLog
  readonly publish: (view: HelpView) => void
  /** In the order of trying; empty where the service cannot be asked at all. */
  readonly paths: () => readonly HelpPath[]
  readonly askPath: (argument: HelpArgument) => Promise<HelpReply>
  readonly cancelPath: () => Promise<void>
  /** On a network of one's own. */
  readonly allowsInternalAddresses: boolean
  /** That the core has. */
  readonly transports: readonly string[]
  readonly builtIn: (transport: string) => readonly string[]
}

const REFUSALS: ReadonlyMap<number, AppErrorKind> = new Map([
  [404, 'help-no-transport'],
  [406, 'help-no-country'],
])

export class HelpDesk {
  readonly #deps: HelpDeskDeps
  #view: HelpView = {
    state: 'never-asked',
    askedMs: undefined,
    tries: [],
    reason: undefined,
    answer: undefined,
  }
  #lastMs = Number.NEGATIVE_INFINITY
  #isAsking = false
  #isCancelled = false

  constructor(deps: HelpDeskDeps) {
    this.#deps = deps
  }

  get view(): HelpView {
    return this.#view
  }

  /** Whether the app may ask without the person's word. */
  get mayAskByItself(): boolean {
    const { clock, paths } = this.#deps
    const isLongAgo = clock.monotonicMs() - this.#lastMs >= ASK_BY_ITSELF_AGAIN_MS
    return !this.#isAsking && isLongAgo && paths().length > 0
  }

  /** Rejects with an AppError that says why there is no answer. */
  async ask(country: string | undefined): Promise<HelpAnswer> {
    const { clock, paths } = this.#deps
    const all = paths()
    if (all.length === 0) throw new AppError('help-not-available', 'no way leads to the bridge service')
    if (this.#isAsking || clock.monotonicMs() - this.#lastMs < ASK_AGAIN_MS) {
      throw new AppError('help-busy', 'the bridge service was asked a moment ago')
    }
    this.#lastMs = clock.monotonicMs()
    this.#isAsking = true
    this.#isCancelled = false
    const before = this.#view.answer
    this.#show({ state: 'asking', askedMs: clock.wallMs(), tries: [], reason: undefined, answer: before })
    try {
      const answer = await this.#askAll(all, country)
      this.#show({ ...this.#view, state: 'answered', answer })
      return answer
    } catch (thrown) {
      const error = appErrorOf(thrown)
      const isReached = [...REFUSALS.values(), 'help-refused'].includes(error.kind)
      const reason = { kind: error.kind, detail: error.message }
      const state = isReached ? 'nothing' : this.#isCancelled ? this.#stateBefore(before) : 'unreachable'
      this.#show({ ...this.#view, state, reason })
      throw error
    } finally {
      this.#isAsking = false
    }
  }

  async cancel(): Promise<void> {
    if (!this.#isAsking) return
    this.#isCancelled = true
    await this.#deps.cancelPath()
  }

  #stateBefore(answer: HelpAnswer | undefined): HelpView['state'] {
    return answer === undefined ? 'never-asked' : 'answered'
  }

  async #askAll(paths: readonly HelpPath[], country: string | undefined): Promise<HelpAnswer> {
    let isMalformed = false
    for (const path of paths) {
      try {
        return await this.#askOne(path, country)
      } catch (thrown) {
        const reason = reasonOf(thrown)
        this.#finishTry(
          thrown instanceof Refused ? { outcome: 'answered', reason } : { outcome: 'failed', reason },
        )
        if (thrown instanceof Refused) throw thrown.error
        if (this.#isCancelled) throw new AppError('aborted', 'asking was stopped')
        this.#deps.log('info', `the bridge service, by ${path}: ${reason.detail}`)
        isMalformed ||= reason.kind === 'malformed' || reason.kind === 'help-malformed'
      }
    }
    if (isMalformed)
      throw new AppError('help-malformed', 'the bridge service answered with what is no answer')
    throw new AppError('help-unreachable', 'no path led to the bridge service')
  }

  async #askOne(path: HelpPath, country: string | undefined): Promise<HelpAnswer> {
    this.#show({
      ...this.#view,
      tries: [...this.#view.tries, { path, outcome: 'running', reason: undefined }],
    })
    const transports = this.#transportNames()
    const reply = await this.#deps.askPath({ path, endpoint: 'settings', country, transports })
    const answer = this.#answerOf(reply)
    // It knows of no blocking there, and somebody asks who has met some: then what helps in most places.
    const isNone = answer.settings.length === 0
    const general = isNone ? await this.#askDefaults(path, transports) : undefined
    this.#finishTry({ outcome: 'answered', reason: undefined })
    return general === undefined ? answer : { ...answer, settings: general.settings }
  }

  /** What the service has for nowhere in particular is a kindness: without it, its first answer counts. */
  async #askDefaults(path: HelpPath, transports: readonly string[]): Promise<HelpAnswer | undefined> {
    try {
      const argument: HelpArgument = { path, endpoint: 'defaults', country: undefined, transports }
      return this.#answerOf(await this.#deps.askPath(argument))
    } catch {
      return undefined
    }
  }

  #answerOf(reply: HelpReply): HelpAnswer {
    if (reply.kind === 'refusal') {
      const kind = REFUSALS.get(reply.code) ?? 'help-refused'
      throw new Refused(new AppError(kind, `the bridge service says ${reply.code}: ${reply.detail}`))
    }
    const settings = reply.settings.map(({ transport, source, lines }) => {
      this.#checkLines(lines)
      const isBuiltIn = source === 'builtin'
      // For some countries the built-in ones come with arguments of their own: then those are meant.
      const meant = isBuiltIn && lines.length === 0 ? this.#deps.builtIn(commonName(transport)) : lines
      const kind = isBuiltIn ? ('built-in' as const) : ('requested' as const)
      return { transport: commonName(transport), source: kind, lines: meant }
    })
    return { country: reply.country, settings }
  }

  /** The app dials them by itself. An answer is the service's as a whole, or is not. */
  #checkLines(lines: readonly string[]): void {
    for (const text of lines) {
      const fault = faultOfForeignLine(parseBridgeLine(text), this.#deps)
      if (fault !== undefined) throw new AppError('help-malformed', `the bridge service names ${fault}`)
    }
  }

  /** As the service calls them. */
  #transportNames(): readonly string[] {
    return ['vanilla', ...this.#deps.transports.map(commonName)]
  }

  #finishTry(change: Omit<HelpTry, 'path'>): void {
    const last = this.#view.tries.at(-1)
    if (last === undefined) return
    this.#show({ ...this.#view, tries: [...this.#view.tries.slice(0, -1), { ...last, ...change }] })
  }

  #show(view: HelpView): void {
    this.#view = view
    this.#deps.publish(view)
  }
}

/** The service was reached and has nothing: another path would say the same. */
class Refused extends Error {
  readonly error: AppError

  constructor(error: AppError) {
    super(error.message)
    this.error = error
  }
}

function reasonOf(thrown: unknown): Reason {
  const { kind, message } = appErrorOf(thrown instanceof Refused ? thrown.error : thrown)
  return { kind, detail: message }
}

function appErrorOf(thrown: unknown): AppError {
  if (thrown instanceof AppError) return thrown
  return new AppError('internal', thrown instanceof Error ? thrown.message : 'an error without words')
}
