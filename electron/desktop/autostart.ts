/**
 * Starts the app with the person's session, hidden: by an entry of ours on Linux, where Electron does nothing, and by
 * the system's own list elsewhere.
 */
import { mkdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import writeFileAtomic from 'write-file-atomic'
import { AppError } from '../app-error.ts'
import type { AutostartPart } from '../parts.ts'

/** Given at login: the window stays closed, and the tray says that we are there. */
export const HIDDEN_ARGUMENT = '--hidden'
const ENTRY_NAME = 'allium.desktop'
/** How desktops turn an entry off without deleting it. */
const TURNED_OFF = /^(?:Hidden[ \t]*=[ \t]*true|X-GNOME-Autostart-enabled[ \t]*=[ \t]*false)[ \t]*$/m
const EXEC_LINE = /^Exec=.*$/m

export interface AutostartPlace {
  readonly platform: NodeJS.Platform
  readonly env: Readonly<Record<string, string | undefined>>
  readonly homeFolder: string
  /** What starts this app: its program and, where it is not packaged, its folder. */
  readonly command: readonly string[]
  readonly loginItem: LoginItem
}

/** Of Electron, for systems with a list of their own. Setting it never fails, whatever becomes of it. */
export interface LoginItem {
  readonly set: (settings: { readonly openAtLogin: boolean; readonly args: string[] }) => void
  readonly get: (options: { readonly args: string[] }) => {
    readonly openAtLogin: boolean
    /** Windows alone says that an item is there, and turned off by the person. */
    readonly executableWillLaunchAtLogin?: boolean | undefined
  }
}

export interface AutostartWords {
  readonly name: string
  readonly comment: string
}

export function createAutostart(
  place: AutostartPlace,
  wordsIn: (language: string) => AutostartWords,
): AutostartPart {
  const isLinux = place.platform === 'linux'
  return {
    apply: (isWanted, language) =>
      saidByKind(async () =>
        isLinux ? applyEntry(isWanted, place, wordsIn(language)) : applyLoginItem(isWanted, place.loginItem),
      ),
    refresh: (language) =>
      saidByKind(async () =>
        isLinux ? refreshEntry(place, wordsIn(language)) : isLoginItemOn(place.loginItem),
      ),
  }
}

async function saidByKind<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof AppError) throw error
    throw new AppError('autostart-failed', 'the start at login could not be set', { cause: error })
  }
}

function applyLoginItem(isWanted: boolean, loginItem: LoginItem): void {
  loginItem.set({ openAtLogin: isWanted, args: [HIDDEN_ARGUMENT] })
  if (isLoginItemOn(loginItem) !== isWanted) {
    throw new AppError('autostart-failed', 'the system did not take over the start at login')
  }
}

/**
 * Electron looks on Windows for items that lead to this program: one that leads to where it was before looks as if it
 * were gone. To set it anew would also bring back what the person has deleted.
 */
function isLoginItemOn(loginItem: LoginItem): boolean {
  const { openAtLogin, executableWillLaunchAtLogin } = loginItem.get({ args: [HIDDEN_ARGUMENT] })
  return openAtLogin && executableWillLaunchAtLogin !== false
}

async function applyEntry(isWanted: boolean, place: AutostartPlace, words: AutostartWords): Promise<void> {
  if (!isWanted) return rm(entryFile(place), { force: true })
  await writeEntry(place, autostartEntry(startCommand(place), words))
}

async function refreshEntry(place: AutostartPlace, words: AutostartWords): Promise<boolean> {
  const there = await readEntry(place)
  if (there === undefined || TURNED_OFF.test(there)) return false
  const ours = autostartEntry(startCommand(place), words)
  if (EXEC_LINE.exec(there)?.[0] !== EXEC_LINE.exec(ours)?.[0]) await writeEntry(place, ours)
  return true
}

async function readEntry(place: AutostartPlace): Promise<string | undefined> {
  try {
    return await readFile(entryFile(place), 'utf8')
  } catch (error) {
    if (error instanceof Error && Reflect.get(error, 'code') === 'ENOENT') return undefined
    throw error
  }
}

async function writeEntry(place: AutostartPlace, entry: string): Promise<void> {
  await mkdir(autostartFolder(place), { recursive: true, mode: 0o700 })
  await writeFileAtomic(entryFile(place), entry, { mode: 0o600 })
}

function entryFile(place: AutostartPlace): string {
  return join(autostartFolder(place), ENTRY_NAME)
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
