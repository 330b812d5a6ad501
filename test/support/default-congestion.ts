/** The parameters of congestion control under a consensus that sets none. */
import { congestionParams, type CongestionParams } from '../../core/circuit/congestion-params.ts'
import { DEFAULT_NET_PARAMS } from '../../core/netdir/net-params.ts'

/** What the consensus' defaults make of a path to an exit. */
export function defaultCongestion(): CongestionParams {
  return congestionParams(DEFAULT_NET_PARAMS, 'exit')
}
