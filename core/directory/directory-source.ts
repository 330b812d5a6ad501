/** How the directory code reaches a relay: the interface it owns, implemented over circuits by a higher layer. */
import type { ChannelTarget } from '../linkspec/relay-target.ts'
import type { ByteStream } from '../util/byte-stream.ts'

/** The steps of reaching a relay, for the bootstrap progress; a subset of the client's bootstrap phases. */
export type ConnectPhase = 'conn' | 'conn-done' | 'handshake' | 'handshake-done' | 'onehop-create'

/** A way to ask one relay: a one-hop circuit on which BEGIN_DIR streams are opened (tor-spec 6.2.1). */
export interface DirectoryConnection {
  /** For logs only. */
  readonly relayName: string
  /** Several streams may be open at once. Rejects with a `TorError`. */
  openDirectoryStream(signal: AbortSignal): Promise<ByteStream>
  /** Gives the circuit up. Idempotent; open streams are destroyed. */
  close(): void
}

export interface DirectoryConnector {
  /** Rejects with a `TorError`. The caller closes the connection it gets. */
  connect(
    target: ChannelTarget,
    signal: AbortSignal,
    onPhase?: (phase: ConnectPhase) => void,
  ): Promise<DirectoryConnection>
}
