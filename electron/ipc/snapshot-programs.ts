/**
 * The part of the snapshot that says which programs follow the system proxy, and what to tell those that do not. A
 * proxy setting is not a firewall: a program that ignores it goes past us, so the panel names them.
 */

/** Their words, and what to say about each, belong to the renderer. */
export const PROGRAM_NAMES = [
  'firefox',
  'chromium',
  'safari',
  'edge',
  'desktop-programs',
  'curl',
  'wget',
  'git',
  'ssh',
  'apt',
  'npm',
  'pip',
] as const
export type ProgramName = (typeof PROGRAM_NAMES)[number]

export type ProgramObedience =
  /** Goes through us as soon as the system proxy is on. */
  | 'follows'
  /** Follows unless it was told otherwise in its own settings, or only for web addresses. */
  | 'mostly'
  /** Goes past us until it is told, whatever the system says. */
  | 'ignores'

/** One text to copy. */
export interface ProgramLine {
  /** `once` is for one run; `always` is kept by the program until it is taken back. */
  readonly scope: 'once' | 'always'
  /** Typed into a terminal, or written into `file`. */
  readonly where: 'terminal' | 'file'
  /** The file that the text belongs into; undefined for a terminal. */
  readonly file: string | undefined
  /** One line, or several with `\n` between them. */
  readonly text: string
  /** What takes an `always` line in a terminal back; undefined where nothing has to be taken back. */
  readonly undo: string | undefined
}

export interface ProgramGuide {
  readonly program: ProgramName
  readonly obedience: ProgramObedience
  /** Empty where there is nothing to tell. They hold for the addresses of this snapshot. */
  readonly lines: readonly ProgramLine[]
}
