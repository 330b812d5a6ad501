/**
 * The proof behind the word "connected": a stream through three hops that carries a document back. It ends at a
 * directory relay, not at an exit, so that nobody outside the network sees it and no exit learns that we just started.
 */
import type { CircuitBuilder, BuildPhase } from '../circuit-manager/circuit-builder.ts'
import { expectDocument, getDocument } from '../directory/directory-client.ts'
import { certsPath } from '../directory/directory-requests.ts'
import { formatEndpoint } from '../linkspec/relay-target.ts'
import type { RsaIdentity } from '../linkspec/relay-ids.ts'
import type { NetDir } from '../netdir/net-dir.ts'
import type { Clock } from '../util/clock.ts'
import type { Random } from '../util/random.ts'
import { directoryAtEnd } from './directory-connections.ts'

export interface ThreeHopCheckParts {
  readonly builder: CircuitBuilder
  readonly clock: Clock
  readonly random: Random
  /** One of the trusted authorities: its certificate is the small document that every directory has. */
  readonly authority: RsaIdentity
}

/** Resolves when the document has come back; rejects with the error of the step that failed. */
export async function checkThreeHops(
  parts: ThreeHopCheckParts,
  netDir: NetDir,
  path: readonly number[],
  signal: AbortSignal,
  onPhase: (phase: BuildPhase) => void,
): Promise<void> {
  const { builder, clock, random, authority } = parts
  const circuit = await builder.build({ netDir, path, purpose: 'internal' }, signal, onPhase)
  try {
    const last = netDir.relay(path.at(-1) ?? 0)
    const connection = directoryAtEnd(circuit, last.nickname, random)
    const request = { path: certsPath([authority]), host: formatEndpoint(last.ipv4), isAnonymous: true }
    expectDocument(await getDocument(connection, request, clock, signal), 'an authority certificate')
  } finally {
    circuit.close()
  }
}
