/** Where bridge lines come in: typed, pasted, or read from a QR code in a picture or on the screen. */
import { FolderOpen, ImageUp, ScanLine } from 'lucide-react'
import { type ClipboardEvent, type DragEvent, type ReactNode, useRef, useState } from 'react'
import { announce } from '../../components/announce.ts'
import { Button } from '../../components/Button.tsx'
import { ErrorNote } from '../../components/ErrorNote.tsx'
import { TextArea } from '../../components/Field.tsx'
import { Notice } from '../../components/Notice.tsx'
import { useWords } from '../../words/words.tsx'
import { LineResults } from './LineResults.tsx'
import { pictureIn } from './read-picture.ts'
import { UnlockFile } from './UnlockFile.tsx'
import { type BridgeFileReader, useBridgeFile } from './use-bridge-file.ts'
import { type QrReader, useQrReader } from './use-qr-reader.ts'
import type { BridgeCheck } from './use-bridge-check.ts'

/** What main takes at most. */
const MAX_TEXT = 100_000

interface EnterStepProps {
  readonly text: string
  readonly check: BridgeCheck
  readonly onText: (text: string) => void
  readonly onContinue: () => void
}

export function EnterStep({ text, check, onText, onContinue }: EnterStepProps): ReactNode {
  const words = useWords()
  const [isOver, setIsOver] = useState(false)
  const append = (found: string): void => onText(`${text.trimEnd()}\n${found}`.trimStart().slice(0, MAX_TEXT))
  const qr = useQrReader((found) => {
    append(found)
    announce(words('bridges-qr-found'))
  })
  const file = useBridgeFile((found) => {
    append(found)
    announce(words('bridges-file-read'))
  })
  const take = (event: ClipboardEvent | DragEvent, transfer: DataTransfer | null): void => {
    const picture = pictureIn(transfer)
    setIsOver(false)
    if (picture === undefined) return
    event.preventDefault()
    // Else the view behind the dialog would take the same picture again.
    event.stopPropagation()
    void qr.readFile(picture)
  }
  return (
    <div
      className={
        isOver
          ? 'flex flex-col gap-3 rounded-control outline-2 outline-accent outline-dashed'
          : 'flex flex-col gap-3'
      }
      onDragOver={(event) => {
        event.preventDefault()
        setIsOver(true)
      }}
      onDragLeave={() => setIsOver(false)}
      onDrop={(event) => take(event, event.dataTransfer)}
      onPaste={(event) => take(event, event.clipboardData)}
    >
      <TextArea
        label={words('bridges-add-label')}
        about={isOver ? words('bridges-add-drop') : words('bridges-add-hint')}
        placeholder={words('bridges-add-placeholder')}
        value={text}
        rows={5}
        maxLength={MAX_TEXT}
        wrap="off"
        dir="ltr"
        onChange={(event) => onText(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) onContinue()
        }}
      />
      <LineResults check={check} />
      <OtherSources qr={qr} file={file} />
      {file.isLocked && <UnlockFile file={file} />}
      <ErrorNote error={file.error ?? qr.error ?? check.error} />
    </div>
  )
}

function OtherSources({ qr, file }: { readonly qr: QrReader; readonly file: BridgeFileReader }): ReactNode {
  const words = useWords()
  const fileInput = useRef<HTMLInputElement>(null)
  return (
    <>
      <div className="flex flex-wrap items-center gap-2">
        <Button icon={ImageUp} isBusy={qr.source === 'file'} onClick={() => fileInput.current?.click()}>
          {words('bridges-add-picture')}
        </Button>
        <Button icon={ScanLine} isBusy={qr.source === 'screen'} onClick={() => void qr.readScreen()}>
          {words('bridges-add-screen')}
        </Button>
        <Button icon={FolderOpen} isBusy={file.isBusy && !file.isLocked} onClick={() => void file.open()}>
          {words('bridges-add-file')}
        </Button>
        <input
          ref={fileInput}
          type="file"
          accept="image/*"
          hidden
          onChange={(event) => {
            const file = event.target.files?.[0]
            if (file !== undefined) void qr.readFile(file)
            // The same file again is a new wish.
            event.target.value = ''
          }}
        />
      </div>
      {qr.fault === undefined ? (
        <p className="max-w-prose text-xs text-soft">{words('bridges-add-screen-hint')}</p>
      ) : (
        <div role="alert">
          <Notice tone="warn">{words(`bridges-${qr.fault}`)}</Notice>
        </div>
      )}
    </>
  )
}
