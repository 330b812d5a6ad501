/** From nothing to a stream through three hops and back, trying until it is there. */
import { trustedV3Identities } from '../netdir/authorities.ts'
import type { NetDir } from '../netdir/net-dir.ts'
import { pickDirectoryPath } from '../path/directory-path.ts'
import { abortError } from '../util/abort.ts'
import { sleep } from '../util/clock.ts'
import { TorError, toTorError } from '../util/errors.ts'
import { RetryDelay } from '../util/retry-delay.ts'
import { waitUntil } from '../util/watched-value.ts'
import { hasFirstHops } from './bridges.ts'
import { watchConnection } from './connection-reasons.ts'
import { withBuildPhase, withConnection, withDirectoryProgress, withFailure } from './bootstrap-progress.ts'
import type { ClientParts } from './client-parts.ts'
import { checkThreeHops } from './three-hop-check.ts'

/** Between failed tries to get a first stream through: soon, but not at a pace that anybody could count. */
const CHECK_RETRY_BASE_MS = 500
const CHECK_RETRY_MAX_MS = 30_000

/** Resolves when a stream went through. Rejects only when the client is closed, and with `obsolete-client`. */
export async function runBootstrap(parts: ClientParts): Promise<void> {
  const { board, directory, bridges, view } = parts
  directory.progress.watch((progress) => board.setBootstrap(withDirectoryProgress(board.bootstrap, progress)))
  const useView = (netDir: NetDir | undefined): void => useNetDir(parts, netDir)
  view.watch(useView)
  bridges.start()
  await directory.start(parts.lifetime.signal)
  useView(view.value)
  // A cached directory is there at once, also for a client that is to sleep on.
  parts.circuits.setDormant(parts.surroundings.views.value.isDormant)
  await checkUntilConnected(parts)
  board.noteVerified()
  board.setBootstrap(withConnection(board.bootstrap))
  watchConnection(parts, () => checkOnce(parts))
}

/** None any more is news, too: circuits ahead of need must not come from a view that has expired. */
function useNetDir({ circuits, buildTimeout }: ClientParts, netDir: NetDir | undefined): void {
  if (netDir !== undefined) buildTimeout.useParams(netDir.params)
  circuits.useNetDir(netDir)
}

async function checkUntilConnected(parts: ClientParts): Promise<void> {
  const { board, clock, random, log, lifetime, surroundings } = parts
  const delay = new RetryDelay(random, CHECK_RETRY_BASE_MS, CHECK_RETRY_MAX_MS)
  for (;;) {
    // Dormant, nobody is there to be told whether it works.
    await waitUntil(surroundings.views, ({ isDormant }) => !isDormant, lifetime.signal)
    try {
      await checkOnce(parts)
      return
    } catch (thrown) {
      if (lifetime.signal.aborted) throw abortError(lifetime.signal)
      const error = toTorError(thrown, 'circuit-failed', 'the first stream')
      log.in('circ').info('no stream through three hops yet: ', error.message)
      board.setBootstrap(withFailure(board.bootstrap, error, clock.wallMs()))
      await sleep(clock, delay.nextMs(), lifetime.signal)
    }
  }
}

async function checkOnce(parts: ClientParts): Promise<void> {
  const { board, builder, clock, random, guards, view, config, lifetime } = parts
  const isReady = (value: NetDir | undefined): boolean => value !== undefined && hasFirstHops(value)
  const netDir = await waitUntil(view, isReady, lifetime.signal)
  if (netDir === undefined) throw new TorError('internal', 'waited for a directory in vain')
  const { guard, middle, exit } = pickDirectoryPath(netDir, guards, parts.constraints(), random)
  const authority = trustedV3Identities(config.value.authorities)[0]
  if (authority === undefined) throw new TorError('bad-config', 'no authority has a v3 identity')
  const path = [guard, middle, exit]
  await checkThreeHops({ builder, clock, random, authority }, netDir, path, lifetime.signal, (phase) =>
    board.setBootstrap(withBuildPhase(board.bootstrap, phase)),
  )
}
