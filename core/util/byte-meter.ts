/** Counts application bytes both ways; one for the whole client, read by its status. */
export interface ByteMeter {
  readBytes: number
  writtenBytes: number
}
