/** The user's own choice of relays (C tor's node options). Every such choice makes a client stand out. */
import { EMPTY_NODE_SET, type NodeSet } from '../netdir/node-set.ts'

export interface NodeChoices {
  readonly excludeNodes: NodeSet
  /** Besides `excludeNodes`. */
  readonly excludeExitNodes: NodeSet
  /** Empty allows all. */
  readonly exitNodes: NodeSet
  readonly entryNodes: NodeSet
  readonly middleNodes: NodeSet
  /** Whether `excludeNodes` also holds where the client could not work without an excluded relay. */
  readonly isStrict: boolean
  /** Each set is treated as one family, beside the families that relays declare. */
  readonly families: readonly NodeSet[]
  /** Whether relays whose country is unknown count as excluded where a country is: undefined is C tor's "auto". */
  readonly excludeUnknownCountries: boolean | undefined
}

export const NO_NODE_CHOICES: NodeChoices = {
  excludeNodes: EMPTY_NODE_SET,
  excludeExitNodes: EMPTY_NODE_SET,
  exitNodes: EMPTY_NODE_SET,
  entryNodes: EMPTY_NODE_SET,
  middleNodes: EMPTY_NODE_SET,
  isStrict: false,
  families: [],
  excludeUnknownCountries: undefined,
}
