/** A line to write in that saves itself when it is left or Enter is pressed, and only what is right. */
import { type ReactNode, useEffect, useState } from 'react'
import { Field } from '../../components/Field.tsx'

interface DraftFieldProps {
  readonly label: string
  readonly about?: ReactNode
  /** What is in force. */
  readonly value: string
  readonly inputMode?: 'numeric' | 'url'
  /** What is wrong with what was written, in plain words. */
  readonly check: (text: string) => string | undefined
  readonly onSave: (text: string) => void
}

export function DraftField({ label, about, value, inputMode, check, onSave }: DraftFieldProps): ReactNode {
  const [draft, setDraft] = useState(value)
  useEffect(() => setDraft(value), [value])
  const fault = draft === value ? undefined : check(draft.trim())
  const save = (): void => {
    if (draft.trim() !== value && fault === undefined) onSave(draft.trim())
  }
  return (
    <Field
      label={label}
      about={about}
      value={draft}
      dir="ltr"
      fault={fault}
      {...(inputMode === undefined ? {} : { inputMode })}
      onChange={(event) => setDraft(event.target.value)}
      onBlur={save}
      onKeyDown={(event) => {
        if (event.key === 'Enter') save()
        if (event.key === 'Escape') setDraft(value)
      }}
    />
  )
}
