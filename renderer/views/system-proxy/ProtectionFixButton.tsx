/** The one thing to do about a verdict, as a button that does it or leads to where it is done. */
import type { ReactNode } from 'react'
import type { ProtectionFix } from '../../../electron/ipc/snapshot.ts'
import { announce } from '../../components/announce.ts'
import { Button } from '../../components/Button.tsx'
import { ErrorNote } from '../../components/ErrorNote.tsx'
import { showView, useView } from '../../state/navigation.ts'
import { useSnapshot } from '../../state/store.ts'
import { useCommand } from '../../state/use-command.ts'
import { useWords } from '../../words/words.tsx'
import { canConnect } from '../connect/state-look.ts'

/** Of the next check, or of the connection, people are told by those themselves. */
const TOLD_OTHERWISE: ReadonlySet<ProtectionFix> = new Set(['wait-and-retry', 'connect'])

export function ProtectionFixButton({ fix: judged }: { readonly fix: ProtectionFix }): ReactNode {
  const words = useWords()
  const mayConnect = useSnapshot(({ connection }) => canConnect(connection.state))
  // The verdict is of when it was checked: a connection may be on its way since, or already then.
  const fix = judged === 'connect' && !mayConnect ? 'wait-and-retry' : judged
  const view = useView()
  const start = useCommand('connection.start')
  const check = useCommand('protection.check')
  const set = useCommand('system-proxy.set')
  const reapply = useCommand('system-proxy.reapply')
  const identity = useCommand('identity.new')
  const act = (): Promise<{ readonly ok: boolean }> | undefined => {
    switch (fix) {
      case 'none':
        return undefined
      case 'connect':
        return start.run()
      case 'wait-and-retry':
        return check.run()
      case 'turn-on-system-proxy':
        return set.run(true)
      case 'reapply-system-proxy':
        return reapply.run()
      case 'new-identity':
        return identity.run()
      case 'change-check-address':
        showView('settings')
        return undefined
      case 'use-proxy-with-names':
        showView('system-proxy')
        return undefined
    }
  }
  const press = async (): Promise<void> => {
    const outcome = await act()
    if (outcome?.ok === true && !TOLD_OTHERWISE.has(fix)) announce(words('protection-fixed'))
  }
  // Nothing leads from a view to itself: there, the address stands in the row.
  if (fix === 'none' || (fix === 'use-proxy-with-names' && view === 'system-proxy')) return null
  const commands = [start, check, set, reapply, identity]
  return (
    <div className="flex flex-col items-end gap-1.5">
      <Button isBusy={commands.some(({ isRunning }) => isRunning)} onClick={() => void press()}>
        {words(`protection-fix-${fix}`)}
      </Button>
      <ErrorNote error={commands.find(({ error }) => error !== undefined)?.error} />
    </div>
  )
}
