/** One relay of a `NetDir`, as a small object made on demand. */
import type { RelayIds } from '../linkspec/relay-ids.ts'
import type { Endpoint } from '../linkspec/relay-target.ts'
import type { ExitPolicy } from '../netdoc/exit-policy.ts'
import type { ProtocolVersions } from '../netdoc/protocol-versions.ts'

export interface Relay {
  /** Its row in the `NetDir` that made it; meaningless in any other. */
  readonly index: number
  readonly nickname: string
  readonly ids: RelayIds
  readonly ipv4: Endpoint
  readonly ipv6: Endpoint | undefined
  /** Bits of `RelayFlag`. */
  readonly flags: number
  /** Kilobytes per second. */
  readonly bandwidth: number
  readonly protocols: ProtocolVersions
  /** Undefined while its microdescriptor is missing. */
  readonly ntorKey: Buffer | undefined
  readonly hasNtorV3: boolean
  readonly hasDirCache: boolean
  /** Undefined while its microdescriptor is missing. */
  readonly exitPolicy: ExitPolicy | undefined
  readonly exitPolicy6: ExitPolicy | undefined
}
