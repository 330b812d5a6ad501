/** Copies a text through main (the page's own clipboard is closed), and says that it did. */
import { Check, Copy } from 'lucide-react'
import { type ReactNode, useEffect, useState } from 'react'
import { useCommand } from '../state/use-command.ts'
import { useWords } from '../words/words.tsx'
import { announce } from './announce.ts'
import { Button } from './Button.tsx'
import { IconButton } from './IconButton.tsx'

/** Long enough to be read. */
const DONE_MS = 2_000

interface CopyButtonProps {
  readonly text: string
  /** What is copied, for those who do not see where the button is: `Copy the SOCKS address`. */
  readonly label: string
  /** Shows the label beside the picture. */
  readonly isWide?: boolean
}

export function CopyButton({ text, label, isWide = false }: CopyButtonProps): ReactNode {
  const words = useWords()
  const copy = useCommand('clipboard.write')
  const [isDone, setIsDone] = useState(false)
  useEffect(() => {
    if (!isDone) return
    const timer = setTimeout(() => setIsDone(false), DONE_MS)
    return () => clearTimeout(timer)
  }, [isDone])
  const press = async (): Promise<void> => {
    const outcome = await copy.run(text)
    setIsDone(outcome.ok)
    announce(outcome.ok ? words('common-copied') : words('common-not-copied'))
  }
  const icon = isDone ? Check : Copy
  return isWide ? (
    <Button icon={icon} onClick={() => void press()}>
      {isDone ? words('common-copied') : label}
    </Button>
  ) : (
    <IconButton icon={icon} label={isDone ? words('common-copied') : label} onClick={() => void press()} />
  )
}
