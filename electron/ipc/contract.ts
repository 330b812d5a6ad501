/**
 * The whole contract between main and the renderer, as one table: the main end, the renderer's end and the test double
 * are all derived from it. A command's argument is validated by its schema before anybody sees it; its result arrives
 * as a value or as an error with a kind, never as a thrown exception.
 */
import * as v from 'valibot'
import { settingsChangeSchema } from './settings.ts'
import type { AppSnapshot } from './snapshot.ts'
import type { BridgeFileContent, BridgeLineResult } from './snapshot-bridges.ts'
import type { ExitCountryView } from './snapshot-circuits.ts'
import type { HelpAnswer } from './snapshot-ways.ts'

const nothing = v.undefined()
/** Longer than any host name; the core checks what it is. */
const site = v.pipe(v.string(), v.minLength(1), v.maxLength(255))
/** A page of bridge lines; more is a mistake. */
const bridgeText = v.pipe(v.string(), v.maxLength(100_000))
const clipboardText = v.pipe(v.string(), v.maxLength(2_000_000))
const bridgeIds = v.pipe(v.array(v.pipe(v.string(), v.maxLength(100))), v.maxLength(1_000))
/** Short ones are guessed; the longest that anybody types is far below the other limit. */
const newPassphrase = v.pipe(v.string(), v.minLength(12), v.maxLength(1_000))
const passphrase = v.pipe(v.string(), v.minLength(1), v.maxLength(1_000))
const country = v.pipe(v.string(), v.regex(/^[a-z]{2}$/))

export type LogLevelName = 'err' | 'warn' | 'notice' | 'info' | 'debug'

export interface LogLine {
  /** Counts up within one run of the app. */
  readonly id: number
  readonly atMs: number
  readonly level: LogLevelName
  /** `app`, or the core's domain. */
  readonly domain: string
  /** Scrubbed: no address, target or guard in it. */
  readonly text: string
}

/** What a new identity changed and kept, as words of the core (`IDENTITY_CHANGES`, `IDENTITY_KEEPS`). */
export interface NewIdentityResult {
  readonly changed: readonly string[]
  readonly kept: readonly string[]
}

export interface Versioned<T> {
  /** Counts up by one with each event. */
  readonly sequence: number
  readonly value: T
}

interface Command<Schema extends v.GenericSchema, Result> {
  readonly argument: Schema
  /** Never set: it carries the type. */
  readonly result?: Result
}

/** Curried, because the result's type is said and the argument's is inferred. */
function command<Result>() {
  return <Schema extends v.GenericSchema>(argument: Schema): Command<Schema, Result> => ({ argument })
}

export const COMMANDS = {
  /** The whole state; events after it continue from its sequence number. */
  'snapshot.read': command<Versioned<AppSnapshot>>()(nothing),

  /** Begins to connect; resolves at once. While connecting or connected it changes nothing. */
  'connection.start': command<void>()(nothing),
  /** Cancels or disconnects; resolves when the system is as it was. */
  'connection.stop': command<void>()(nothing),
  /** Answers the question of the first run. */
  'entry.choose': command<void>()(v.picklist(['direct', 'hide'])),

  'circuit.close': command<void>()(v.pipe(v.number(), v.integer(), v.minValue(0))),
  'site.new-circuit': command<void>()(site),
  /** Replaces the site's rules; all of them empty forgets them. */
  'site.set-policy': command<void>()(
    v.strictObject({
      site,
      isBlocked: v.boolean(),
      exitCountry: v.nullable(country),
      /** Keeps the exit of the site's newest circuit for so many milliseconds. */
      pinForMs: v.nullable(v.pipe(v.number(), v.integer(), v.minValue(60_000))),
    }),
  ),
  /** Drops the site's rules, its totals and its row. */
  'site.forget': command<void>()(site),
  /** Where a damaged file of the sites' rules has stopped the start: goes on without it, and so without any rule. */
  'site-rules.set-aside': command<void>()(nothing),
  'exit-countries.list': command<readonly ExitCountryView[]>()(nothing),
  'identity.new': command<NewIdentityResult>()(nothing),

  /** Looks at pasted lines and changes nothing. */
  'bridges.check': command<readonly BridgeLineResult[]>()(bridgeText),
  /** Adds the good lines; the result says what became of each. */
  'bridges.add': command<readonly BridgeLineResult[]>()(bridgeText),
  'bridges.remove': command<void>()(bridgeIds),
  'bridges.enable': command<void>()(v.strictObject({ ids: bridgeIds, isEnabled: v.boolean() })),
  /** Takes the built-in bridges of a transport; null takes none. */
  'bridges.choose-built-in': command<void>()(v.nullable(v.pipe(v.string(), v.maxLength(50)))),
  /** Looks for a QR code in what the screen shows; its text, or null when there is none. */
  'bridges.read-qr-from-screen': command<string | null>()(nothing),
  /** Asks where to, and writes these bridges into a file; without a passphrase they lie open in it. */
  'bridges.save-file': command<'saved' | 'cancelled'>()(
    v.strictObject({ ids: bridgeIds, passphrase: v.nullable(newPassphrase) }),
  ),
  /** Asks for a file and reads it; adds nothing. */
  'bridges.open-file': command<BridgeFileContent>()(nothing),
  /** The text of the locked file that was opened last. */
  'bridges.unlock-file': command<string>()(passphrase),

  /** Goes on with the next way now; waits for the same address are kept. */
  'ways.skip': command<void>()(nothing),
  /** Makes the way that was found the person's own choice of bridges. */
  'ways.keep': command<void>()(nothing),
  /** Forgets the way that was found, and begins with that of the settings again. */
  'ways.undo': command<void>()(nothing),
  /** Forgets what worked on which network. */
  'ways.forget-networks': command<void>()(nothing),
  /**
   * Asks the bridge service for bridges, on the person's own wish; null leaves the country to the service, which sees
   * where the question comes from. Resolves with its answer, which changes nothing; how it is reached is in the snapshot.
   */
  'help.ask': command<HelpAnswer>()(v.strictObject({ country: v.nullable(country) })),
  'help.cancel': command<void>()(nothing),
  /** Fetches the lists of bridges and countries through Tor; resolves when they are in use. */
  'lists.refresh': command<void>()(nothing),

  'system-proxy.set': command<void>()(v.boolean()),
  /** Puts our setting back after something else changed it. */
  'system-proxy.reapply': command<void>()(nothing),
  'protection.check': command<void>()(nothing),
  /**
   * Examines the connection; resolves when that has ended. Without `maySend` it looks at this computer alone; with it,
   * the plan in the snapshot is followed, which the person has seen (and agreed to, where they hide).
   */
  'doctor.run': command<void>()(v.strictObject({ maySend: v.boolean() })),
  'doctor.stop': command<void>()(nothing),

  'settings.change': command<void>()(settingsChangeSchema),

  /** Lines with greater ids, the oldest first, at most 2,000. */
  'log.read': command<readonly LogLine[]>()(v.strictObject({ afterId: v.number() })),
  /** The scrubbed text that a person can send to those who help. */
  'support.preview': command<string>()(nothing),
  'clipboard.write': command<void>()(clipboardText),
  'app.quit': command<void>()(nothing),
} as const satisfies Record<string, Command<v.GenericSchema, unknown>>

export type CommandName = keyof typeof COMMANDS
export type CommandArgument<Name extends CommandName> = v.InferOutput<(typeof COMMANDS)[Name]['argument']>
export type CommandResult<Name extends CommandName> =
  (typeof COMMANDS)[Name] extends Command<v.GenericSchema, infer Result> ? Result : never

/** What main answers with, one function a command. */
export type CommandHandlers = {
  readonly [Name in CommandName]: (argument: CommandArgument<Name>) => Promise<CommandResult<Name>>
}

/** The core's error kinds, and the app's own. */
export interface CommandError {
  readonly kind: string
  /** Technical English, for the log; the renderer's words go by the kind. */
  readonly detail: string
}

export type CommandOutcome<Result> =
  | { readonly ok: true; readonly value: Result }
  | { readonly ok: false; readonly error: CommandError }

/** What main tells renderers without being asked. */
export interface AppEvents {
  /** Sections that changed, whole; at most four times a second. */
  readonly 'snapshot.changed': Versioned<Partial<AppSnapshot>>
  /** Log lines as they come, in batches at most four times a second. */
  readonly 'log.lines': readonly LogLine[]
  /** The tray or the menu asks the window to show a view. */
  readonly 'view.show': ViewName
}

export const VIEW_NAMES = [
  'connect',
  'circuits',
  'sites',
  'bridges',
  'system-proxy',
  'settings',
  'logs',
  'about',
] as const
export type ViewName = (typeof VIEW_NAMES)[number]
export type AppEventName = keyof AppEvents
