/** Relays dialled by TCP, on this machine too, as a client on a testing network does that was told nothing else. */
import { DEFAULT_CLIENT_CONFIG } from '../../core/client/config.ts'
import { createTransport, type TransportSettings } from '../../core/transport/configured-transport.ts'

export const DIRECT: TransportSettings = { ...DEFAULT_CLIENT_CONFIG, allowPrivateRelayAddresses: true }

export const directTransport = createTransport(() => DIRECT)
