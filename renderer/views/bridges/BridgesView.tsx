/** Ways in for whoever cannot, or does not want to be seen to, reach the network directly. */
import { type ReactNode, useState } from 'react'
import { ErrorNote } from '../../components/ErrorNote.tsx'
import { Notice } from '../../components/Notice.tsx'
import { ViewHeader } from '../../components/ViewHeader.tsx'
import { useWords } from '../../words/words.tsx'
import { FindingCard } from '../ways/FindingCard.tsx'
import { AddDialog } from './AddDialog.tsx'
import { AskCard } from './AskCard.tsx'
import { BridgeList } from './BridgeList.tsx'
import { BuiltIn } from './BuiltIn.tsx'
import { ListsCard } from './ListsCard.tsx'
import { NetworkCard } from './NetworkCard.tsx'
import { pictureIn } from './read-picture.ts'
import { UseBridges } from './UseBridges.tsx'
import { useQrReader } from './use-qr-reader.ts'
import { WhereToGet } from './WhereToGet.tsx'

export function BridgesView(): ReactNode {
  const words = useWords()
  /** The text that the dialog for adding begins with; undefined while it is closed. */
  const [adding, setAdding] = useState<string | undefined>(undefined)
  const qr = useQrReader(setAdding)
  return (
    // A picture may be dropped anywhere on the view; the button in the dialog does the same by keyboard.
    <div
      className="flex flex-col gap-4"
      onDragOver={(event) => event.preventDefault()}
      onDrop={(event) => {
        event.preventDefault()
        const picture = pictureIn(event.dataTransfer)
        if (picture !== undefined) void qr.readFile(picture)
      }}
    >
      <ViewHeader title={words('bridges-title')} about={words('bridges-intro')} />
      {qr.fault !== undefined && (
        <div role="alert">
          <Notice tone="warn">{words(`bridges-${qr.fault}`)}</Notice>
        </div>
      )}
      <ErrorNote error={qr.error} />
      <UseBridges />
      <BridgeList onAdd={() => setAdding('')} />
      <AskCard onReview={setAdding} />
      <BuiltIn />
      <FindingCard />
      <ListsCard />
      <WhereToGet />
      <NetworkCard />
      {adding !== undefined && <AddDialog initialText={adding} onClose={() => setAdding(undefined)} />}
    </div>
  )
}
