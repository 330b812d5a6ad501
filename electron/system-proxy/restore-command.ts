/**
 * `allium --restore-system-proxy`: puts the old settings back without opening a window, for when the app is gone or
 * cannot start. It is for people in trouble, so it says in one line what it did.
 */
import type { SystemProxy } from './system-proxy.ts'

export const RESTORE_FLAG = '--restore-system-proxy'

/** Resolves with the exit code: 0 where nothing of ours is left in the system's settings. */
export async function runRestoreCommand(
  proxy: Pick<SystemProxy, 'restoreLeftovers' | 'view' | 'close'>,
  print: (line: string) => void,
): Promise<0 | 1> {
  await proxy.restoreLeftovers('person')
  proxy.close()
  const { state, restoredAtStart, trouble, detail } = proxy.view
  if (state === 'restore-failed') {
    print(`The system proxy could not be put back: ${detail ?? 'for an unknown reason'}.`)
    print('Turn it off in the network settings of your system.')
    return 1
  }
  if (trouble === 'proxy-journal-broken') {
    print(`What the system proxy was before is not known: ${detail ?? 'the journal is broken'}.`)
    print(restoredAtStart ? 'It led to Allium, and was turned off.' : 'It does not lead to Allium.')
    return 0
  }
  print(
    restoredAtStart
      ? 'The system proxy is as it was before Allium.'
      : 'There was nothing to put back: Allium has not changed the system proxy.',
  )
  return 0
}
