/** Where a damaged file of rules stops every start: the way on without it, said plainly and asked for once more. */
import { type ReactNode, useState } from 'react'
import { announce } from '../../components/announce.ts'
import { Button } from '../../components/Button.tsx'
import { ConfirmDialog } from '../../components/ConfirmDialog.tsx'
import { useSnapshot } from '../../state/store.ts'
import { useCommand } from '../../state/use-command.ts'
import { useWords } from '../../words/words.tsx'

export function WithoutRules(): ReactNode {
  const words = useWords()
  const isStopped = useSnapshot(
    ({ connection }) =>
      connection.state === 'failed' && connection.attempts.at(-1)?.reason?.kind === 'damaged-rules',
  )
  const [isAsking, setIsAsking] = useState(false)
  const setAside = useCommand('site-rules.set-aside')
  if (!isStopped) return null
  const confirm = async (): Promise<void> => {
    const outcome = await setAside.run()
    if (!outcome.ok) return
    announce(words('connect-without-rules-announce'))
    setIsAsking(false)
  }
  return (
    <>
      <Button onClick={() => setIsAsking(true)}>{words('connect-without-rules')}</Button>
      <ConfirmDialog
        isOpen={isAsking}
        title={words('connect-without-rules-title')}
        about={words('connect-without-rules-about')}
        confirmLabel={words('connect-without-rules-confirm')}
        isDangerous
        isBusy={setAside.isRunning}
        error={setAside.error}
        onConfirm={() => void confirm()}
        onClose={() => setIsAsking(false)}
      />
    </>
  )
}
