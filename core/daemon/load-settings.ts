/** Finds and reads the files that the command line names, and merges everything into settings. */
import { homedir } from 'node:os'
import { isAbsolute, join } from 'node:path'
import { checkClientConfig } from '../client/check-config.ts'
import { TorError } from '../util/errors.ts'
import type { CommandLine } from './command-line.ts'
import { planRules } from './door-plans.ts'
import { type FolderEntry, findIncluded } from './include-files.ts'
import { path as pathValue } from './options/values.ts'
import { Settings } from './settings.ts'
import { toClientConfig } from './to-client-config.ts'
import { type TorrcLine, quoteForMessage } from './torrc-line.ts'
import { parseTorrc } from './torrc-reader.ts'

/** A torrc is some kilobytes; this keeps a wrong path (a disk image, a log) from being read whole. */
const MAX_TORRC_BYTES = 4 * 1024 * 1024

/** What of the operating system is read here. */
export interface FileAccess {
  /** The file's text, or undefined when there is no such file. Throws what the system says otherwise. */
  read(path: string, limitBytes: number): string | undefined
  /** What is in a folder, or undefined when there is no such folder. */
  list(path: string): readonly FolderEntry[] | undefined
  readStdin(limitBytes: number): string
  readonly env: Readonly<Record<string, string | undefined>>
}

export interface LoadedSettings {
  readonly settings: Settings
  /** What the defaults file alone says. */
  readonly defaults: Settings
  /** The torrc that was read, and the defaults file; undefined for what was not there. */
  readonly torrcFile: string | undefined
  readonly defaultsFile: string | undefined
  /** What each `%include` led to, by what is written behind it. */
  readonly included: ReadonlyMap<string, readonly string[]>
}

/** Reads and verifies. Throws `bad-config` as one line. */
export function loadSettings(line: CommandLine, files: FileAccess): LoadedSettings {
  const included = new Map<string, readonly string[]>()
  const defaults = line.defaultsFile === undefined ? undefined : readTorrc(line.defaultsFile, files, included)
  if (line.defaultsFile !== undefined && defaults === undefined && !line.ignoresMissingTorrc) {
    missingFile(line.defaultsFile)
  }
  // Without -f the usual file is read where it exists.
  const torrcFile = line.torrcFile ?? join(configHome(files.env), 'torrc')
  const torrc = readTorrc(torrcFile, files, included)
  if (line.torrcFile !== undefined && torrc === undefined && !line.ignoresMissingTorrc) missingFile(torrcFile)
  const settings = Settings.merge([defaults ?? [], torrc ?? [], line.options])
  settings.verify()
  // What single lines cannot show: rules that together let nothing through, or cannot all hold.
  checkClientConfig(toClientConfig(settings, ''))
  planRules(settings)
  return {
    settings,
    defaults: Settings.merge([defaults ?? []]),
    torrcFile: torrc === undefined ? undefined : torrcFile,
    defaultsFile: defaults === undefined ? undefined : line.defaultsFile,
    included,
  }
}

/** Where state is kept unless DataDirectory says so (XDG). */
export function defaultDataDirectory(env: FileAccess['env']): string {
  return join(xdgHome(env['XDG_DATA_HOME'], join('.local', 'share')), 'allium')
}

function configHome(env: FileAccess['env']): string {
  return join(xdgHome(env['XDG_CONFIG_HOME'], '.config'), 'allium')
}

/** The XDG specification has relative values ignored. */
function xdgHome(value: string | undefined, fallback: string): string {
  return value !== undefined && isAbsolute(value) ? value : join(homedir(), fallback)
}

function readTorrc(
  path: string,
  files: FileAccess,
  included: Map<string, readonly string[]>,
): TorrcLine[] | undefined {
  const isStdin = path === '-'
  const text = isStdin ? files.readStdin(MAX_TORRC_BYTES) : readFile(path, files)
  if (text === undefined) return undefined
  return parseTorrc(text, isStdin ? 'standard input' : path, (pattern) => {
    const paths = findIncluded(pattern, (folder) => files.list(folder))
    included.set(pattern, paths)
    return paths.map((found) => ({ path: found, text: readFile(found, files) ?? missingFile(found) }))
  })
}

function readFile(path: string, files: FileAccess): string | undefined {
  try {
    return files.read(pathValue.parse(path, 'the configuration file'), MAX_TORRC_BYTES)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new TorError(
      'bad-config',
      `the configuration file ${quoteForMessage(path)} cannot be read: ${reason}`,
    )
  }
}

function missingFile(path: string): never {
  throw new TorError('bad-config', `the configuration file ${quoteForMessage(path)} is not there`)
}
