/** A proxy's address as programs take it. */
import type { ProxyAddress } from '../../../electron/ipc/snapshot.ts'

export const addressText = ({ host, port }: ProxyAddress): string =>
  host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
