/**
 * Starts the app with the person's session, hidden: by an entry of ours on Linux, where Electron does nothing, and by
 * the system's own list elsewhere.
 */
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import writeFileAtomic from 'write-file-atomic'
import { AppError } from '../app-error.ts'

/** Given at login: the window stays closed, and the tray says that we are there. */
export const HIDDEN_ARGUMENT = '--hidden'
const ENTRY_NAME = 'allium.desktop'

export interface AutostartPlace {
  readonly platform: NodeJS.Platform
  readonly env: Readonly<Record<string, string | undefined>>
  readonly homeFolder: string
  /** What starts this app: its program and, where it is not packaged, its folder. */
  readonly command: readonly string[]
  /** Of Electron, for systems with a list of their own. */
  readonly setLoginItem: (settings: { readonly openAtLogin: boolean; readonly args: string[] }) => void
}

export interface AutostartWords {
  readonly name: string
  readonly comment: string
}

/** Rejects with an `AppError` when the entry cannot be written or removed. */
export async function applyAutostart(
  isWanted: boolean,
  place: AutostartPlace,
  words: AutostartWords,
): Promise<void> {
  try {
    if (place.platform === 'linux') return await applyEntry(isWanted, place, words)
    place.setLoginItem({ openAtLogin: isWanted, args: [HIDDEN_ARGUMENT] })
  } catch (error) {
    if (error instanceof AppError) throw error
    throw new AppError('autostart-failed', 'the start at login could not be set', { cause: error })
  }
}

async function applyEntry(isWanted: boolean, place: AutostartPlace, words: AutostartWords): Promise<void> {
  const folder = autostartFolder(place)
  const file = join(folder, ENTRY_NAME)
  if (!isWanted) return rm(file, { force: true })
  await mkdir(folder, { recursive: true, mode: 0o700 })
  await writeFileAtomic(file, autostartEntry(startCommand(place), words), { mode: 0o600 })
}

/** An absolute `XDG_CONFIG_HOME` only: the specification says to ignore any other. */
export function autostartFolder({ env, homeFolder }: Pick<AutostartPlace, 'env' | 'homeFolder'>): string {
  const config = env['XDG_CONFIG_HOME']
  return join(config?.startsWith('/') === true ? config : join(homeFolder, '.config'), 'autostart')
}

/** An AppImage is unpacked into another folder at each start: the file itself is what stays. */
export function startCommand({ env, command }: Pick<AutostartPlace, 'env' | 'command'>): readonly string[] {
  const image = env['APPIMAGE']
  return image === undefined || image === '' ? command : [image]
}

/** As the Desktop Entry Specification wants it. */
export function autostartEntry(command: readonly string[], { name, comment }: AutostartWords): string {
  const exec = [...command, HIDDEN_ARGUMENT].map(quoteArgument).join(' ')
  const lines = [
    '[Desktop Entry]',
    'Type=Application',
    'Version=1.0',
    `Name=${escapeValue(name)}`,
    `Comment=${escapeValue(comment)}`,
    `Exec=${escapeValue(exec)}`,
    'Icon=allium',
    'Terminal=false',
    'StartupNotify=false',
    'X-GNOME-Autostart-enabled=true',
  ]
  return `${lines.join('\n')}\n`
}

/** Quoted always; the percent sign would stand for files to open. */
function quoteArgument(argument: string): string {
  if (/\p{Cc}/u.test(argument)) {
    throw new AppError('autostart-failed', 'the path of the program has a character that no entry can hold')
  }
  return `"${argument.replace(/[\\"`$]/g, '\\$&').replaceAll('%', '%%')}"`
}

/** The file has an escape of its own, on top of the quoting. */
function escapeValue(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')
}

/** Whether this start is one at login: by our argument, or by what macOS says. */
export function isHiddenStart(argv: readonly string[], wasOpenedAtLogin: boolean): boolean {
  return wasOpenedAtLogin || argv.includes(HIDDEN_ARGUMENT)
}
