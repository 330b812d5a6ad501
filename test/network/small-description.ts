/** A network small enough to start in a moment, with all that a client needs: authorities, guards, middles, exits. */
import type { NetworkDescription } from './tor-in-process.ts'
import type { RelayDescription, RelayFlagName } from './relays/relay-description.ts'

const HOUR_MS = 3_600_000
const USUAL: readonly RelayFlagName[] = ['Fast', 'Running', 'Stable', 'V2Dir', 'Valid']

/** Every relay in a /16 of its own, as clients want the relays of one circuit to be. */
export const SMALL_NETWORK: NetworkDescription = {
  consensusIntervalMs: HOUR_MS,
  relays: [
    ...relays('authority', 3, 10, { flags: ['Authority', ...USUAL], bandwidth: 20 }),
    ...relays('guard', 3, 20, { flags: ['Guard', 'HSDir', ...USUAL], bandwidth: 5_000 }),
    ...relays('middle', 2, 30, { flags: USUAL, bandwidth: 3_000 }),
    ...relays('exit', 3, 40, { flags: ['Exit', ...USUAL], bandwidth: 5_000, exitPorts: 'accept 1-65535' }),
  ],
}

/** The same with bridges, which are in no consensus. */
export const BRIDGED_NETWORK: NetworkDescription = {
  ...SMALL_NETWORK,
  relays: [
    ...SMALL_NETWORK.relays,
    ...relays('bridge', 2, 50, { flags: ['Running', 'Valid'], bandwidth: 1_000, isBridge: true }),
  ],
}

/** As live consensuses have them, with what exits that join circuits are used by. */
export const CONFLUX_PARAMS =
  'ExtendByEd25519ID=1 cc_alg=2 cfx_enabled=1 cfx_low_exit_threshold=5000 sendme_accept_min_version=1'

/** The same with exits that join circuits. */
export const CONFLUX_NETWORK: NetworkDescription = {
  ...SMALL_NETWORK,
  relays: SMALL_NETWORK.relays.map((relay) =>
    relay.exitPorts === undefined ? relay : { ...relay, hasConflux: true },
  ),
  params: CONFLUX_PARAMS,
}

function relays(
  name: string,
  count: number,
  firstNet: number,
  common: Pick<RelayDescription, 'flags' | 'bandwidth' | 'exitPorts' | 'isBridge'>,
): RelayDescription[] {
  return Array.from({ length: count }, (_, at) => ({
    nickname: `${name}${at + 1}`,
    address: `127.${firstNet + at}.0.1`,
    orPort: 0,
    ...common,
  }))
}
