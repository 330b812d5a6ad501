/** The bridges that come with the app, by the name that people know the transport by. Everybody has them, censors too: they help where few are blocked. */
import builtIn from './built-in.json' with { type: 'json' }

const BY_TRANSPORT: ReadonlyMap<string, readonly string[]> = new Map(Object.entries(builtIn.bridges))

/** When the list was last known to be the current one; for the person to see. */
export const BUILT_IN_BRIDGES_DATE = builtIn.date

/** The transports that there are built-in bridges for. */
export const BUILT_IN_TRANSPORTS: readonly string[] = [...BY_TRANSPORT.keys()]

/** Their lines; none for a transport without. */
export function builtInLines(transport: string): readonly string[] {
  return BY_TRANSPORT.get(transport) ?? []
}
