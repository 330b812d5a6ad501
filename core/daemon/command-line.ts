/**
 * The words behind the program's name, as C tor takes them: a few commands, and any torrc option as `--Option value`.
 * Pure: it opens no file.
 */
import { TorError } from '../util/errors.ts'
import { splitMark } from './torrc-reader.ts'
import { type TorrcLine, quoteForMessage } from './torrc-line.ts'

export type Quietness = 'normal' | 'hush' | 'quiet'

export interface CommandLine {
  readonly command: 'run' | 'verify-config' | 'version' | 'help'
  /** Undefined takes the usual place; `-` is standard input. */
  readonly torrcFile: string | undefined
  readonly defaultsFile: string | undefined
  readonly ignoresMissingTorrc: boolean
  readonly quietness: Quietness
  readonly options: readonly TorrcLine[]
}

export const HELP_TEXT = `Usage: allium [-f TORRC] [--Option VALUE]...

  -f FILE, --torrc-file FILE   read the options from FILE ("-": standard input)
  --defaults-torrc FILE        read weaker options from FILE first
  --ignore-missing-torrc       go on when the torrc is not there
  --verify-config              check the options and exit
  --hush, --quiet              warnings only, or nothing, on standard output
  --version                    show the version and exit
  -h, --help                   show this and exit

Every option of a torrc can be given as --Option VALUE and is stronger than the torrc;
--+Option VALUE adds to it, --/Option takes it back. Options have the names and the syntax
of C tor's client options.
`

/** Commands of C tor that make no sense here, or are not here yet. */
const REFUSED_COMMANDS = new Set([
  'list-fingerprint',
  'list-torrc-options',
  'list-deprecated-options',
  'list-modules',
  'hash-password',
  'dump-config',
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
    command: 'run',
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
      return { ...line, command: 'verify-config' }
    case '--hush':
      return { ...line, quietness: 'hush' }
    case '--quiet':
      return { ...line, quietness: 'quiet' }
    case '--version':
      return { ...line, command: 'version' }
    case '-h':
    case '--help':
      return { ...line, command: 'help' }
    default:
      if (REFUSED_COMMANDS.has(bare.toLowerCase())) {
        throw new TorError('bad-config', `command line: --${bare} is not supported by this release`)
      }
      return { ...line, options: [...line.options, takeOption(word, bare, rest)] }
  }
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
