/**
 * The words behind the program's name, as C tor takes them: a few commands, and any torrc option as `--Option value`.
 * Pure: it opens no file.
 */
import { TorError } from '../util/errors.ts'
import type { DumpExtent } from './dump-config.ts'
import { splitMark } from './torrc-reader.ts'
import { type TorrcLine, quoteForMessage } from './torrc-line.ts'

export type Quietness = 'normal' | 'hush' | 'quiet'

/** What to do instead of running, or `run`. */
export type Command =
  | { readonly kind: 'run' }
  | { readonly kind: 'verify-config' }
  | { readonly kind: 'dump-config'; readonly extent: DumpExtent }
  | { readonly kind: 'list-torrc-options' }
  | { readonly kind: 'list-deprecated-options' }
  | { readonly kind: 'hash-password'; readonly password: string }
  | { readonly kind: 'version' }
  | { readonly kind: 'help' }

export interface CommandLine {
  readonly command: Command
  /** Undefined takes the usual place; `-` is standard input. */
  readonly torrcFile: string | undefined
  readonly defaultsFile: string | undefined
  readonly ignoresMissingTorrc: boolean
  readonly quietness: Quietness
  readonly options: readonly TorrcLine[]
}

/** Commands of C tor that make no sense here, or are not here yet. */
const REFUSED_COMMANDS = new Set([
  'list-fingerprint',
  'list-modules',
  'keygen',
  'keygen-family',
  'key-expiration',
  'newpass',
  'service',
  'nt-service',
  'digests',
])

/** `args` come without the program's own name. Throws `bad-config`. */
export function parseCommandLine(args: readonly string[]): CommandLine {
  let line: CommandLine = {
    command: { kind: 'run' },
    torrcFile: undefined,
    defaultsFile: undefined,
    ignoresMissingTorrc: false,
    quietness: 'normal',
    options: [],
  }
  const rest = [...args]
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) line = takeWord(line, word, rest)
  return line
}

/** Takes one command or option, and its value from `rest`. */
function takeWord(line: CommandLine, word: string, rest: string[]): CommandLine {
  const bare = word.replace(/^-+/, '')
  if (!word.startsWith('-') && !/^[+/]/.test(word)) {
    throw new TorError(
      'bad-config',
      `command line: expected an option such as --SocksPort, got ${quoteForMessage(word)}`,
    )
  }
  switch (word) {
    case '-f':
    case '--torrc-file':
      return { ...line, torrcFile: takeValue(word, rest) }
    case '--defaults-torrc':
      return { ...line, defaultsFile: takeValue(word, rest) }
    case '--ignore-missing-torrc':
    case '--allow-missing-torrc':
      return { ...line, ignoresMissingTorrc: true }
    case '--verify-config':
      return { ...line, command: { kind: 'verify-config' } }
    case '--dump-config':
      return { ...line, command: { kind: 'dump-config', extent: takeExtent(rest) } }
    case '--list-torrc-options':
      return { ...line, command: { kind: 'list-torrc-options' } }
    case '--list-deprecated-options':
      return { ...line, command: { kind: 'list-deprecated-options' } }
    case '--hash-password':
      return { ...line, command: { kind: 'hash-password', password: takeValue(word, rest) } }
    case '--hush':
      return { ...line, quietness: 'hush' }
    case '--quiet':
      return { ...line, quietness: 'quiet' }
    case '--version':
      return { ...line, command: { kind: 'version' } }
    case '-h':
    case '--help':
      return { ...line, command: { kind: 'help' } }
    default:
      if (REFUSED_COMMANDS.has(bare.toLowerCase())) {
        throw new TorError('bad-config', `command line: --${bare} is not supported by this release`)
      }
      return { ...line, options: [...line.options, takeOption(word, bare, rest)] }
  }
}

function takeExtent(rest: string[]): DumpExtent {
  const word = rest.shift()
  if (word === 'short' || word === 'full') return word
  throw new TorError('bad-config', 'command line: --dump-config: expected short or full behind it')
}

function takeOption(word: string, bare: string, rest: string[]): TorrcLine {
  // C tor reads "--+Log" and "+Log" alike.
  const { mark, name } = splitMark(bare)
  const value = mark === 'clear' ? '' : takeValue(word, rest)
  return { mark, name, value: value.trim(), origin: 'command line' }
}

function takeValue(word: string, rest: string[]): string {
  const value = rest.shift()
  // A dash alone is standard input, and numbers may be negative.
  if (value === undefined || value.startsWith('--')) {
    throw new TorError('bad-config', `command line: ${quoteForMessage(word)}: expected a value behind it`)
  }
  return value
}
