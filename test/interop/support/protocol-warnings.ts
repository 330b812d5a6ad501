/**
 * What the network's nodes complain of. They run with `ProtocolWarnings 1`, so that C tor itself says when a client sends
 * something that the protocol does not allow.
 */
import { readNodeLog } from './tor-node.ts'
import type { TorNetworkRecord } from './tor-network.ts'

/** Warnings about the node's or the client's own configuration. */
const OWN_NOISE: readonly RegExp[] = [
  /ControlPort is open, but no authentication/,
  /You have used DirAuthority/,
  /TestingTorNetwork is set/,
  /Your log may contain sensitive information/,
  /You are running Tor as root/,
  /Fixing permissions on directory/,
]

/**
 * What authorities that were stopped and started again say of each other until their votes are of one time again. No
 * client takes part in that.
 */
const VOTING_NOISE =
  /Bad valid-after time|[Rr]eject(ing|ed) vote|retrieved vote|status-vote|enough votes|pending \w+ consensus|Bw Weight Failure/

/** What C tor complains of in a log of its own. */
export function warningsIn(log: string): string[] {
  return log
    .split('\n')
    .filter((line) => /\[(warn|err)\]/.test(line) && !OWN_NOISE.some((noise) => noise.test(line)))
}

export class WarningCollector {
  readonly #network: TorNetworkRecord
  readonly #seenBytes: Map<string, number>

  /** Counts from now on. */
  constructor(network: TorNetworkRecord) {
    this.#network = network
    this.#seenBytes = new Map(network.nodes.map((node) => [node.nickname, readNodeLog(node).length]))
  }

  /** The nodes' warnings since this object was made, each with the node's name. */
  protocolWarnings(): string[] {
    return this.#network.nodes.flatMap((node) =>
      warningsIn(readNodeLog(node).slice(this.#seenBytes.get(node.nickname) ?? 0))
        .filter((line) => node.role !== 'authority' || !VOTING_NOISE.test(line))
        .map((line) => `${node.nickname}: ${line}`),
    )
  }
}
