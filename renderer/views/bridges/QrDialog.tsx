/** Shows bridge lines as QR codes, for a telephone or another computer to read. */
import { ChevronLeft, ChevronRight } from 'lucide-react'
import { type ReactNode, useState } from 'react'
import { CopyButton } from '../../components/CopyButton.tsx'
import { Dialog } from '../../components/Dialog.tsx'
import { IconButton } from '../../components/IconButton.tsx'
import { Notice } from '../../components/Notice.tsx'
import { useWords } from '../../words/words.tsx'
import { drawCode, splitIntoCodes } from './qr-codes.ts'

interface QrDialogProps {
  readonly lines: readonly string[]
  readonly onClose: () => void
}

export function QrDialog({ lines, onClose }: QrDialogProps): ReactNode {
  const words = useWords()
  const [place, setPlace] = useState(0)
  const codes = splitIntoCodes(lines)
  const text = codes[place]
  return (
    <Dialog
      isOpen
      title={words('bridges-qr-title', { count: lines.length })}
      about={words('bridges-qr-hint')}
      onClose={onClose}
      actions={<CopyButton text={text ?? lines.join('\n')} label={words('bridges-copy')} isWide />}
    >
      {text === undefined ? (
        <Notice tone="warn">{words('bridges-qr-too-long')}</Notice>
      ) : (
        <Code text={text} />
      )}
      {codes.length > 1 && (
        <div className="flex items-center justify-center gap-3">
          <IconButton
            icon={ChevronLeft}
            isDirectional
            label={words('bridges-qr-previous')}
            disabled={place === 0}
            onClick={() => setPlace(place - 1)}
          />
          <p aria-live="polite" className="tabular text-soft">
            {words('bridges-qr-part', { number: place + 1, total: codes.length })}
          </p>
          <IconButton
            icon={ChevronRight}
            isDirectional
            label={words('bridges-qr-next')}
            disabled={place === codes.length - 1}
            onClick={() => setPlace(place + 1)}
          />
        </div>
      )}
    </Dialog>
  )
}

/** Black on white in the dark theme, too: many readers do not take the reverse. */
function Code({ text }: { readonly text: string }): ReactNode {
  const words = useWords()
  const { size, path } = drawCode(text)
  return (
    <svg
      role="img"
      aria-label={words('bridges-qr-image', { count: text.split('\n').length })}
      viewBox={`0 0 ${size} ${size}`}
      shapeRendering="crispEdges"
      className="mx-auto aspect-square w-full max-w-[min(22rem,calc(100dvh-15rem))] min-w-48 rounded-control border border-line"
    >
      <rect width={size} height={size} fill="white" />
      <path d={path} fill="black" />
    </svg>
  )
}
