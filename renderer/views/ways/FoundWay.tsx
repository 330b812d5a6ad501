/** Connected by a way that the settings do not name: it can be kept, or undone. */
import { Route } from 'lucide-react'
import type { ReactNode } from 'react'
import { announce } from '../../components/announce.ts'
import { Button } from '../../components/Button.tsx'
import { Card } from '../../components/Card.tsx'
import { ErrorNote } from '../../components/ErrorNote.tsx'
import { useSnapshot } from '../../state/store.ts'
import { useCommand } from '../../state/use-command.ts'
import { useWords } from '../../words/words.tsx'
import { useWayWords } from './way-words.ts'

export function FoundWay(): ReactNode {
  const words = useWords()
  const wayWords = useWayWords()
  const found = useSnapshot((snapshot) => snapshot.ways.found)
  const isInsteadOfDirect = useSnapshot(({ ways }) => ways.ways.some(({ kind }) => kind === 'direct'))
  const keep = useCommand('ways.keep')
  const undo = useCommand('ways.undo')
  if (found === undefined) return null
  const keepIt = async (): Promise<void> => {
    const outcome = await keep.run()
    if (outcome.ok) announce(words('ways-kept'))
  }
  return (
    <Card>
      <div className="flex flex-wrap items-center justify-between gap-3" data-found={found.id}>
        <Route aria-hidden className="size-5 shrink-0 text-good" />
        <div className="min-w-0 grow basis-64">
          <p className="font-medium">{words('ways-found', { way: wayWords.short(found) })}</p>
          <p className="max-w-prose text-soft">
            {words(isInsteadOfDirect ? 'ways-found-about-direct' : 'ways-found-about')}
          </p>
        </div>
        <div className="flex flex-wrap gap-2">
          {found.kind === 'bridges' && (
            <Button kind="primary" isBusy={keep.isRunning} onClick={() => void keepIt()}>
              {words('ways-keep')}
            </Button>
          )}
          <Button isBusy={undo.isRunning} onClick={() => void undo.run()}>
            {words('ways-undo')}
          </Button>
        </div>
      </div>
      <ErrorNote error={keep.error ?? undo.error} />
    </Card>
  )
}
