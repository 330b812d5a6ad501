/** There is a file of the person's that could not be used as it lay there. */
export interface FileTrouble {
  /** It was damaged, and is kept under this name; undefined: it could not be read, and lies where it was. */
  readonly backupName: string | undefined
}
