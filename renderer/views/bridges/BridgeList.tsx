/** The person's bridges as cards, and what can be done with all of them. */
import { FileLock, Plus, QrCode, Trash2, Waypoints } from 'lucide-react'
import { type ReactNode, useEffect, useRef, useState } from 'react'
import type { BridgeView } from '../../../electron/ipc/snapshot-bridges.ts'
import { announce } from '../../components/announce.ts'
import { Button } from '../../components/Button.tsx'
import { Card } from '../../components/Card.tsx'
import { CopyButton } from '../../components/CopyButton.tsx'
import { EmptyState } from '../../components/EmptyState.tsx'
import { ErrorNote } from '../../components/ErrorNote.tsx'
import { IconButton } from '../../components/IconButton.tsx'
import { useSnapshot } from '../../state/store.ts'
import { useCommand } from '../../state/use-command.ts'
import { useWords } from '../../words/words.tsx'
import { BridgeCard } from './BridgeCard.tsx'
import { QrDialog } from './QrDialog.tsx'
import { RemoveDialog } from './RemoveDialog.tsx'
import { SaveDialog } from './SaveDialog.tsx'
import { useTransportWords } from './transport-words.ts'

export function BridgeList({ onAdd }: { readonly onAdd: () => void }): ReactNode {
  const words = useWords()
  const bridges = useSnapshot((snapshot) => snapshot.bridges.bridges)
  const enable = useCommand('bridges.enable')
  const [shown, setShown] = useState<readonly BridgeView[] | undefined>(undefined)
  const [saved, setSaved] = useState<readonly BridgeView[] | undefined>(undefined)
  const [leaving, setLeaving] = useState<readonly BridgeView[] | undefined>(undefined)
  useHealthAnnouncements(bridges)
  const add = (
    <Button kind={bridges.length === 0 ? 'primary' : 'normal'} icon={Plus} onClick={onAdd}>
      {words('bridges-add')}
    </Button>
  )
  return (
    <Card
      title={words('bridges-yours')}
      about={
        bridges.length === 0
          ? undefined
          : words('bridges-count', {
              total: bridges.length,
              on: bridges.filter(({ isEnabled }) => isEnabled).length,
            })
      }
      actions={
        bridges.length > 0 && (
          <ListActions bridges={bridges} onQr={setShown} onSave={setSaved} onRemove={setLeaving} add={add} />
        )
      }
    >
      <ErrorNote error={enable.error} />
      {bridges.length === 0 ? (
        <EmptyState
          icon={Waypoints}
          title={words('bridges-empty')}
          about={words('bridges-empty-hint')}
          action={add}
        />
      ) : (
        <ul className="grid grid-cols-[repeat(auto-fill,minmax(min(17rem,100%),1fr))] gap-3">
          {bridges.map((bridge) => (
            <BridgeCard
              key={bridge.id}
              bridge={bridge}
              isBusy={enable.isRunning}
              onEnable={(isEnabled) => void enable.run({ ids: [bridge.id], isEnabled })}
              onQr={() => setShown([bridge])}
              onRemove={() => setLeaving([bridge])}
            />
          ))}
        </ul>
      )}
      {shown !== undefined && (
        <QrDialog lines={shown.map(({ line }) => line)} onClose={() => setShown(undefined)} />
      )}
      {saved !== undefined && <SaveDialog bridges={saved} onClose={() => setSaved(undefined)} />}
      {leaving !== undefined && <RemoveDialog bridges={leaving} onClose={() => setLeaving(undefined)} />}
    </Card>
  )
}

function ListActions({
  bridges,
  onQr,
  onSave,
  onRemove,
  add,
}: {
  readonly bridges: readonly BridgeView[]
  readonly onQr: (bridges: readonly BridgeView[]) => void
  readonly onSave: (bridges: readonly BridgeView[]) => void
  readonly onRemove: (bridges: readonly BridgeView[]) => void
  readonly add: ReactNode
}): ReactNode {
  const words = useWords()
  const own = bridges.filter(({ origin }) => origin === 'added')
  return (
    <div className="flex items-center gap-1">
      {bridges.length > 1 && (
        <>
          <IconButton icon={QrCode} label={words('bridges-all-qr')} onClick={() => onQr(bridges)} />
          <CopyButton text={bridges.map(({ line }) => line).join('\n')} label={words('bridges-all-copy')} />
        </>
      )}
      {/* Built-in ones come with the app: to save them would say nothing. */}
      {own.length > 0 && (
        <IconButton icon={FileLock} label={words('bridges-save')} onClick={() => onSave(own)} />
      )}
      {own.length > 1 && (
        <IconButton icon={Trash2} label={words('bridges-all-remove')} onClick={() => onRemove(own)} />
      )}
      <span className="ms-1">{add}</span>
    </div>
  )
}

/** Tells those who do not see the cards when a bridge comes into use or stops answering. */
function useHealthAnnouncements(bridges: readonly BridgeView[]): void {
  const words = useWords()
  const transport = useTransportWords()
  const before = useRef<ReadonlyMap<string, BridgeView['health']>>(undefined)
  useEffect(() => {
    const known = before.current
    before.current = new Map(bridges.map(({ id, health }) => [id, health]))
    // What is there when the view opens is read by whoever reads the view.
    if (known === undefined) return
    for (const bridge of bridges) {
      const was = known.get(bridge.id)
      if (was === undefined || was === bridge.health) continue
      const name = `${transport.name(bridge.transport)} ${bridge.address}`
      if (bridge.health === 'in-use') announce(words('bridges-changed-in-use', { name }))
      if (bridge.health === 'failing') announce(words('bridges-changed-failing', { name }))
    }
  })
}
